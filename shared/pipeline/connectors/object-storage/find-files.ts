import { ForbiddenError } from '@convergence/core/errors.ts'
import type { ObjectMeta, ObjectStore } from '@convergence/core/ports/object-store.ts'
import type { OperatorTenant } from '@convergence/core/config/tenant.ts'
import { parseGlob } from '@convergence/core/glob.ts'

/** Throws ForbiddenError unless the operator's file lets the tenant read the bucket under the glob's fixed beginning. */
export const checkAllowed = (operator: OperatorTenant, tenant: string, bucket: string, prefix: string): void => {
  const allowed = operator.buckets.filter((one) => one.bucket === bucket).flatMap((one) => one.prefixes)
  const file = `configs/_platform/tenants/${tenant}.yml`
  if (allowed.length === 0) throw new ForbiddenError(`bucket ${bucket} is not one of the buckets of ${file}`)
  if (!allowed.some((one) => prefix.startsWith(one)))
    throw new ForbiddenError(
      `${bucket}: the glob begins with '${prefix}', which ${file} does not allow; it allows ${allowed.join(', ')}`,
    )
}

/** Objects whose names match, in the order of their names, page by page. */
export async function* findFiles(objects: ObjectStore, bucket: string, pattern: string): AsyncIterable<ObjectMeta> {
  const glob = parseGlob(pattern)
  let pageToken: string | undefined
  do {
    const page = await objects.list(bucket, glob.prefix, pageToken === undefined ? {} : { pageToken })
    for (const object of page.objects) if (glob.matches(object.name)) yield object
    pageToken = page.nextPageToken
  } while (pageToken !== undefined)
}
