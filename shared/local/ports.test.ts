import { existsSync } from 'node:fs'
import { rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Http } from '@convergence/core/ports/http.ts'
import type { Processor } from '@convergence/core/ports/processor.ts'
import { localPorts } from './ports.ts'
import { silentLog } from './testing/silent-log.ts'
import { TemporaryFolders } from './testing/temporary-folders.ts'

const folders = new TemporaryFolders()
afterAll(() => folders.remove())

const unused = () => {
  throw new Error('not used here')
}
const http: Http = { request: unused }
const processor: Processor = { process: unused, sample: unused, close: unused }

test('a project has one platform at a time, and finds its state and objects again in the next', async () => {
  const root = await folders.make()
  const options = { root, log: silentLog, http, processor }
  const first = await localPorts(options)
  await expect(localPorts(options)).rejects.toMatchObject({ code: 'CONFLICT' })
  await first.ports.state.compareAndSet('runs/1', null, { a: 1 })
  const ref = { bucket: 'convergence', name: 'acme/a.json' }
  await first.ports.objects.put(ref, new TextEncoder().encode('{}'), { ifGeneration: null })
  await first.ports.warehouse.prepare('acme')
  await first.close()
  const second = await localPorts(options)
  expect(await second.ports.state.get('runs/1')).toMatchObject({ value: { a: 1 } })
  expect(await second.ports.objects.head(ref)).toMatchObject({ size: 2 })
  await second.close()
})

test.each([
  ['emptied', (path: string) => truncate(path)],
  ['lost', (path: string) => rm(path)],
])('a project whose state file was %s is refused, and its parts are not swept away', async (_, lose) => {
  const root = await folders.make()
  const options = { root, log: silentLog, http, processor }
  const first = await localPorts(options)
  const ref = { bucket: 'convergence', name: 'acme/a.parquet' }
  await first.ports.objects.put(ref, new Uint8Array(20_000), { ifGeneration: null })
  const part = first.objects.localPath(ref)
  await first.close()
  await lose(join(root, '.convergence/state.db'))
  await expect(localPorts(options)).rejects.toThrow(/state\.db is empty or gone.*restore state\.db/)
  expect(existsSync(part)).toBe(true)
})
