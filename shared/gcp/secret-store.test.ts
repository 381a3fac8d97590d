import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { crc32c } from '@convergence/core/crc32c.ts'
import { openClients } from './clients.ts'
import { systemRandom } from './random.ts'
import { SecretManagerSecretStore } from './secret-store.ts'
import { startAnswering, type Answer } from './testing/answering-server.ts'
import { RPC_ERRORS } from './testing/rpc-errors.ts'

const closing: (() => Promise<void>)[] = []
let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'convergence-secrets-'))
})
afterAll(async () => {
  for (const close of closing) await close()
  await rm(root, { recursive: true, force: true })
})

const openStore = async (...answers: Answer[]) => {
  const server = await startAnswering(answers)
  const clients = openClients('p1', { secrets: server.endpoint })
  closing.push(server.stop, clients.close)
  const options = { project: 'p1', root, versions: {}, random: systemRandom, pause: () => Promise.resolve() }
  return { store: new SecretManagerSecretStore({ client: clients.secrets, ...options }), requests: server.requests }
}

/** https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access */
const accessed = (text: string, checksum = crc32c(Buffer.from(text))): Answer => ({
  status: 200,
  body: {
    name: 'projects/1/secrets/acme_key/versions/3',
    payload: { data: Buffer.from(text).toString('base64'), dataCrc32c: String(checksum) },
  },
})

test('a secret that arrives with another checksum is fetched again', async () => {
  const { store, requests } = await openStore(accessed('text', 1), accessed('text'))
  expect(await store.get('acme', 'key')).toBe('text')
  expect(requests()).toBe(2)
})

test('a service that is unavailable for a moment is asked again, once for all that follow', async () => {
  const { store, requests } = await openStore(RPC_ERRORS.unavailable, RPC_ERRORS.internal, accessed('text\n'))
  expect(await store.get('acme', 'key')).toBe('text')
  expect(await store.get('acme', 'key')).toBe('text')
  expect(requests()).toBe(3)
})

test('what may not be read, or is empty, says what to do, and is not asked for again', async () => {
  const denied = await openStore(RPC_ERRORS.permissionDenied)
  await expect(denied.store.get('acme', 'key')).rejects.toMatchObject({ code: 'FORBIDDEN' })
  expect(denied.requests()).toBe(1)
  const empty = await openStore(accessed('\n'))
  await expect(empty.store.get('acme', 'key')).rejects.toThrow('secret acme_key in Secret Manager is empty')
})
