import type { ObjectRef } from '@convergence/core/ports/object-store.ts'

/** Where a bucket keeps tenants' configs: each snapshot under its hash, and which one is current. */
export interface ConfigBucket {
  readonly bucket: string
}

export const snapshotRef = ({ bucket }: ConfigBucket, tenant: string, hash: string): ObjectRef => ({
  bucket,
  name: `${tenant}/configs/${hash}.json`,
})

export const currentRef = ({ bucket }: ConfigBucket, tenant: string): ObjectRef => ({
  bucket,
  name: `${tenant}/configs/current.json`,
})
