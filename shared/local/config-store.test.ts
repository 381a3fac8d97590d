import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from './clock.ts'
import { FileConfigStore } from './config-store.ts'
import { LocalDatabase } from './database/database.ts'
import { FileObjectStore } from './object-store.ts'
import { systemRandom } from './random.ts'
import { TemporaryFolders } from './testing/temporary-folders.ts'

const folders = new TemporaryFolders()
let root: string
let database: LocalDatabase
let objects: FileObjectStore
let configs: FileConfigStore

beforeEach(async () => {
  root = await folders.make()
  database = await LocalDatabase.open(join(root, 'state.db'))
  objects = new FileObjectStore({
    database,
    clock: systemClock,
    random: systemRandom,
    folder: root,
    platformBuckets: ['convergence'],
  })
  configs = makeStore()
  await write('configs/_platform/tenants/acme.yml', 'tenant_id: acme\n')
  await write('configs/acme/tenant.yml', 'tenant_id: acme\ntimezone: Europe/Berlin\n')
})
afterEach(async () => {
  await database.close()
  await folders.remove()
})

const makeStore = () => new FileConfigStore({ root, objects, bucket: 'convergence' })

const write = async (path: string, text: string) => {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), text)
}

test('the snapshot of the files is current, and can be loaded by its hash after they have changed', async () => {
  const before = await configs.current('acme')
  expect(before.settings.timezone).toBe('Europe/Berlin')
  expect(await configs.current('acme')).toBe(before)
  await write('configs/acme/tenant.yml', 'tenant_id: acme\ntimezone: Asia/Tokyo\n')
  const after = await configs.current('acme')
  expect(after.settings.timezone).toBe('Asia/Tokyo')
  expect(after.hash).not.toBe(before.hash)
  expect(await makeStore().load('acme', before.hash)).toEqual(JSON.parse(JSON.stringify(before)))
})

test('problems of the files are thrown all at once, with their positions', async () => {
  await write('configs/acme/tenant.yml', 'tenant_id: acme\ntimezone: Mars\ncolour: red\n')
  await expect(configs.current('acme')).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
    details: {
      problems: [
        { file: 'configs/acme/tenant.yml', line: 2 },
        { file: 'configs/acme/tenant.yml', line: 3 },
      ],
    },
  })
})

test('a tenant that is not there, and a hash that is not, are not found', async () => {
  await expect(configs.current('other')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(configs.current('../acme')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(configs.load('acme', 'f'.repeat(32))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(configs.load('acme', '../../other')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('a link among the files is refused, and a secret is not read', async () => {
  await write('configs/acme/secrets/key.yml', ': not yaml [')
  await configs.current('acme')
  await symlink('/etc/hostname', join(root, 'configs/acme/stray.yml'))
  await expect(configs.current('acme')).rejects.toThrow('configs/acme/stray.yml is not a plain file')
})
