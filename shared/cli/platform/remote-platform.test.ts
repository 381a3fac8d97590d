import { serveApi, type ApiServer } from '@convergence/api/handler.ts'
import { NotFoundError } from '@convergence/core/errors.ts'
import { afterEach, expect, test } from 'vitest'
import { silentLog } from '@convergence/local/testing/silent-log.ts'
import type { Platform } from './platform.ts'
import { remotePlatform } from './remote-platform.ts'
import { serveLocal } from './serve-local.ts'

const TOKEN = 'token-of-the-owner'
let server: ApiServer | undefined
afterEach(() => server?.close())

const serve = async (platform: Partial<Platform>, token = TOKEN): Promise<Platform> => {
  server = await serveApi(serveLocal(platform as Platform, TOKEN, silentLog), { host: '127.0.0.1', port: 0 })
  return remotePlatform({ pid: 42, url: `http://127.0.0.1:${server.port}`, token })
}

test('an operation is answered by the process that owns the project', async () => {
  const remote = await serve({ createTenant: async ({ tenant }) => ({ created: tenant === 'acme' }) })
  expect(await remote.createTenant({ tenant: 'acme' })).toEqual({ created: true })
})

test('an error arrives as it was thrown there', async () => {
  const remote = await serve({
    cancelRun: () => Promise.reject(new NotFoundError('there is no run x', { details: { run: 'x' } })),
  })
  await expect(remote.cancelRun({ runId: 'x' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: 'there is no run x',
    details: { run: 'x' },
  })
})

test('without the owner’s token nothing is done', async () => {
  let asked = false
  const remote = await serve({ createKey: async () => ((asked = true), { key: 'k', keyId: 'i' }) }, 'another')
  await expect(remote.createKey({ tenant: 'acme' })).rejects.toThrow('process 42')
  expect(asked).toBe(false)
})

test('an owner that is gone is told by its process id', async () => {
  const remote = await serve({})
  await server?.close()
  server = undefined
  await expect(remote.lookAtRun({ runId: 'x' })).rejects.toThrow('process 42, which owns this project, does not answer')
})
