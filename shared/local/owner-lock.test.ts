import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findOwner, OwnerLock } from './owner-lock.ts'
import { startChild } from './testing/start-child.ts'
import { TemporaryFolders } from './testing/temporary-folders.ts'

const folders = new TemporaryFolders()
afterAll(() => folders.remove())

test('a second process is told who owns the folder and how to reach it, until the owner dies', async () => {
  const folder = join(await folders.make(), '.convergence')
  const owner = startChild(new URL('testing/owner-child.ts', import.meta.url), [folder])
  await owner.printed(1)
  const { pid } = owner.child
  await expect(OwnerLock.acquire(folder)).rejects.toMatchObject({ code: 'CONFLICT', details: { pid, port: 4321 } })
  await expect(OwnerLock.acquire(folder)).rejects.toThrow(
    `process ${pid} is using ${folder}: talk to it at http://127.0.0.1:4321`,
  )
  expect(await findOwner(folder)).toEqual({ pid, port: 4321 })
  await owner.kill()
  expect(await findOwner(folder)).toBeUndefined()
  const lock = await OwnerLock.acquire(folder)
  await lock.release()
})

test('one process owns a folder once, and may own it again after a release', async () => {
  const folder = await folders.make()
  const lock = await OwnerLock.acquire(folder)
  await expect(OwnerLock.acquire(folder)).rejects.toMatchObject({ code: 'CONFLICT', details: { pid: process.pid } })
  await lock.release()
  const again = await OwnerLock.acquire(folder)
  await again.release()
})

test('the address and its token can be read by the owner of the folder only', async () => {
  const folder = await folders.make()
  const lock = await OwnerLock.acquire(folder)
  await lock.announce({ port: 1, url: 'http://127.0.0.1:1', token: 'secret' })
  expect((await stat(join(folder, 'owner.json'))).mode & 0o777).toBe(0o600)
  expect(await findOwner(folder)).toMatchObject({ token: 'secret' })
  await expect(OwnerLock.acquire(folder)).rejects.not.toMatchObject({ details: { token: 'secret' } })
  await lock.release()
})
