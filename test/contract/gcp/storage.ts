import { Storage } from '@google-cloud/storage'
import { systemRandom } from '@convergence/gcp/random.ts'
import { CloudStorageObjectStore } from '@convergence/gcp/object-store.ts'

process.env['METADATA_SERVER_DETECTION'] ??= 'none'

/** An object store on a storage server, with buckets of its own. */
export const openObjects = async (port: number, bucket: string): Promise<CloudStorageObjectStore> => {
  const storage = new Storage({
    projectId: 'p1',
    apiEndpoint: `http://127.0.0.1:${port}`,
    retryOptions: { autoRetry: false },
  })
  const [exists] = await storage.bucket(bucket).exists()
  if (!exists) await storage.createBucket(bucket)
  return new CloudStorageObjectStore({ storage, random: systemRandom })
}
