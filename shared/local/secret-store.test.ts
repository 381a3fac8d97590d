import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { FileSecretStore } from './secret-store.ts'
import { TemporaryFolders } from './testing/temporary-folders.ts'

const folders = new TemporaryFolders()
afterAll(() => folders.remove())

let configs: string
let file: string
let secrets: FileSecretStore
beforeEach(async () => {
  const root = await folders.make()
  configs = join(root, 'configs')
  file = join(configs, 'acme', 'secrets', 'key.txt')
  await mkdir(join(configs, 'acme', 'secrets'), { recursive: true })
  await writeFile(file, 'hush-hush', { mode: 0o600 })
  secrets = new FileSecretStore({ root })
})

test('a file that others could read is refused, by mode and fix, without its content', async () => {
  for (const mode of [0o644, 0o640, 0o604, 0o700, 0o400]) {
    await chmod(file, mode)
    const error = await secrets.get('acme', 'key').catch((thrown: unknown) => thrown as Error)
    expect(error).toMatchObject({ code: 'FORBIDDEN' })
    expect(String(error)).toContain(`0${mode.toString(8)}`)
    expect(String(error)).toContain('chmod 600')
    expect(String(error)).not.toContain('hush')
  }
  await chmod(file, 0o600)
  expect(await secrets.get('acme', 'key')).toBe('hush-hush')
})

test('a missing secret names the file to write', async () => {
  await expect(secrets.get('acme', 'none')).rejects.toThrow('configs/acme/secrets/none.txt')
})

test('links are not followed, neither the file nor its folder', async () => {
  const elsewhere = await folders.make()
  await rename(file, join(elsewhere, 'key.txt'))
  await symlink(join(elsewhere, 'key.txt'), file)
  await expect(secrets.get('acme', 'key')).rejects.toMatchObject({ code: 'FORBIDDEN' })
  await rm(join(configs, 'acme', 'secrets'), { recursive: true })
  await symlink(elsewhere, join(configs, 'acme', 'secrets'))
  await expect(secrets.get('acme', 'key')).rejects.toMatchObject({ code: 'FORBIDDEN' })
})

test('an empty file and a huge one are no secrets', async () => {
  await writeFile(file, '\n')
  await expect(secrets.get('acme', 'key')).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
  await writeFile(file, 'x'.repeat(65_537))
  await expect(secrets.get('acme', 'key')).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
})
