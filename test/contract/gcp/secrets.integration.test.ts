import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openClients } from '@convergence/gcp/clients.ts'
import { systemRandom } from '@convergence/gcp/random.ts'
import { SecretManagerSecretStore } from '@convergence/gcp/secret-store.ts'
import { TemporaryFolders } from '@convergence/local/testing/temporary-folders.ts'
import { startSecretManager } from '../../integration/servers/secret-manager.ts'
import { secretStoreContract } from '../secret-store.contract.ts'

const folders = new TemporaryFolders()
const server = await startSecretManager()
const clients = openClients('p0', { secrets: `127.0.0.1:${server.port}` })
const client = await clients.secrets()
afterAll(async () => {
  await clients.close()
  await server.stop()
  await folders.remove()
})

let count = 0
/** A project of its own, and secrets in it as an operator would add them. */
const freshStore = async (versions: Readonly<Record<string, string>> = {}) => {
  const project = `p${(count += 1)}`
  const root = await folders.make()
  await mkdir(join(root, 'configs'))
  const made = new Set<string>()
  const write = async (tenant: string, name: string, text: string) => {
    const secretId = `${tenant}_${name}`
    if (!made.has(secretId))
      await client.createSecret({ parent: `projects/${project}`, secretId, secret: { replication: { automatic: {} } } })
    made.add(secretId)
    await client.addSecretVersion({
      parent: `projects/${project}/secrets/${secretId}`,
      payload: { data: Buffer.from(text) },
    })
  }
  const options = { client: () => Promise.resolve(client), project, root, versions, random: systemRandom }
  return { port: new SecretManagerSecretStore(options), write, root, project }
}

secretStoreContract('SecretManagerSecretStore on drongo', () => freshStore())

test('a file comes before Secret Manager, and is refused when others could read it', async () => {
  const { port, write, root } = await freshStore()
  await write('acme', 'key', 'of the manager')
  const folder = join(root, 'configs/acme/secrets')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'key.txt'), 'of the file\n', { mode: 0o600 })
  await writeFile(join(folder, 'open.txt'), 'for all\n', { mode: 0o644 })
  expect(await port.get('acme', 'key')).toBe('of the file')
  await expect(port.get('acme', 'open')).rejects.toMatchObject({ code: 'FORBIDDEN' })
})

test('a pinned version is taken whatever came later', async () => {
  const { port, write } = await freshStore({ acme_key: '1' })
  await write('acme', 'key', 'first')
  await write('acme', 'key', 'second')
  await write('acme', 'other', 'first')
  await write('acme', 'other', 'second')
  expect(await port.get('acme', 'key')).toBe('first')
  expect(await port.get('acme', 'other')).toBe('second')
})

test('a pinned version that was disabled says so', async () => {
  const { port, write, project } = await freshStore({ acme_key: '1' })
  await write('acme', 'key', 'text')
  await client.disableSecretVersion({ name: `projects/${project}/secrets/acme_key/versions/1` })
  await expect(port.get('acme', 'key')).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
    message: expect.stringContaining('disabled') as string,
  })
})
