import { afterEach, expect, test } from 'vitest'
import type { TestApi } from './testing.ts'
import { ids, orders, readSlotLines, serveApi } from './testing.ts'

let api: TestApi
afterEach(() => api.close())

/** An API that takes the newest of two keys only, and a store that goes on giving the first until it is told to forget. */
const readWith = async (versions: { readonly newest: string }) => {
  let cached: string | undefined = 'old'
  api = await serveApi(({ headers }, response) =>
    headers.authorization === 'Bearer new' ? { data: ids(0, 1) } : response.writeHead(401).end(),
  )
  const source = { auth: { type: 'bearer', token: { secret: 'shop_key' } } }
  const secrets = {
    get: () => Promise.resolve((cached ??= versions.newest)),
    invalidate: () => (cached = undefined),
  }
  return readSlotLines(api, api.context(orders({}, source), { secrets }))
}

test('a key that was replaced while it was cached is read again, once', async () => {
  expect(await readWith({ newest: 'new' })).toMatchObject({ lines: ['0'], requests: 2 })
})

test('a key that is refused and is still the same is not sent again', async () => {
  await expect(readWith({ newest: 'old' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(api.seen).toHaveLength(1)
})
