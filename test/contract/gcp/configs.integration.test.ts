import { afterAll, expect, test } from 'vitest'
import { CloudStorageConfigStore } from '@convergence/gcp/config-store.ts'
import { publishConfig } from '@convergence/gcp/configs/publish-config.ts'
import { startStorage } from '../../integration/servers/storage.ts'
import { openObjects } from './storage.ts'

const server = await startStorage()
afterAll(() => server.stop())

let count = 0
const freshBucket = async () => {
  const bucket = `configs-${(count += 1)}`
  const objects = await openObjects(server.port, bucket)
  const publish = (timezone: string) =>
    publishConfig({
      objects,
      bucket,
      tenant: 'acme',
      files: new Map([
        ['configs/_platform/tenants/acme.yml', 'tenant_id: acme\n'],
        ['configs/acme/tenant.yml', `tenant_id: acme\ntimezone: ${timezone}\n`],
      ]),
    })
  return { publish, makeStore: () => new CloudStorageConfigStore({ objects, bucket }) }
}

test('what was published last is current, and what was before stays loadable by its hash', async () => {
  const { publish, makeStore } = await freshBucket()
  const before = await publish('Europe/Berlin')
  expect(await makeStore().current('acme')).toEqual(JSON.parse(JSON.stringify(before)))
  const after = await publish('Asia/Tokyo')
  const store = makeStore()
  expect((await store.current('acme')).settings.timezone).toBe('Asia/Tokyo')
  expect((await store.load('acme', before.hash)).settings.timezone).toBe('Europe/Berlin')
  await publish('Europe/Berlin')
  expect((await store.current('acme')).hash).toBe(before.hash)
  expect(after.hash).not.toBe(before.hash)
})

test('of publishers at once one counts, and its snapshot is there', async () => {
  const { publish, makeStore } = await freshBucket()
  const zones = ['Europe/Berlin', 'Asia/Tokyo', 'Europe/Paris', 'UTC']
  const published = await Promise.all(zones.map(publish))
  const current = await makeStore().current('acme')
  expect(published.map(({ hash }) => hash)).toContain(current.hash)
})

test('files with problems are not published', async () => {
  const { publish, makeStore } = await freshBucket()
  await expect(publish('Mars')).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
  await expect(makeStore().current('acme')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('tenants and hashes that are none are not found', async () => {
  const { makeStore } = await freshBucket()
  for (const tenant of ['nobody', '..', 'acme/x'])
    await expect(makeStore().current(tenant)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  for (const hash of ['current', '../../x', 'f'.repeat(32)])
    await expect(makeStore().load('acme', hash)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})
