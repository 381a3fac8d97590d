import { afterAll } from 'vitest'
import { TemporaryFolders } from '@convergence/local/testing/temporary-folders.ts'
import { CloudStorageStateStore } from '@convergence/gcp/state-store.ts'
import { startStorage } from '../../integration/servers/storage.ts'
import { objectStoreContract } from '../object-store.contract.ts'
import { stateStoreContract } from '../state-store.contract.ts'
import { openObjects } from './storage.ts'
import { startStorageProxy } from './storage-proxy.ts'

const folders = new TemporaryFolders()
const server = await startStorage()
const proxy = await startStorageProxy(server.port)
afterAll(async () => {
  await proxy.stop()
  await server.stop()
  await folders.remove()
})

objectStoreContract('CloudStorageObjectStore on fake-gcs-server', async () => ({
  port: await openObjects(proxy.port, 'objects'),
  bucket: 'objects',
  folder: await folders.make(),
}))
stateStoreContract(
  'CloudStorageStateStore on fake-gcs-server',
  async () => new CloudStorageStateStore({ objects: await openObjects(proxy.port, 'state'), bucket: 'state' }),
)
