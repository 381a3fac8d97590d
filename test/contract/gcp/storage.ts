import { openClients } from '@convergence/gcp/clients.ts'
import { CloudStorageObjectStore } from '@convergence/gcp/object-store.ts'
import { systemRandom } from '@convergence/gcp/random.ts'

process.env['METADATA_SERVER_DETECTION'] ??= 'none'

/** An object store on a storage server, with the bucket made. */
export const openObjects = async (port: number, bucket: string): Promise<CloudStorageObjectStore> => {
  const storage = await openClients('p1', { storage: `127.0.0.1:${port}` }).storage()
  const [exists] = await storage.bucket(bucket).exists()
  if (!exists) await storage.createBucket(bucket)
  return new CloudStorageObjectStore({ storage, random: systemRandom })
}
