import type { FileResource, ObjectStorageSource } from '@convergence/core/config/source.ts'
import { InternalError, LimitExceededError, NotFoundError } from '@convergence/core/errors.ts'
import type { ObjectMeta } from '@convergence/core/ports/object-store.ts'
import { renderTemplate } from '@convergence/core/templates.ts'
import type { Connector, ConnectorContext, Json, LinkRead, SlotPlan } from '../connector.ts'
import { checkAllowed, findFiles } from './find-files.ts'
import { parseGlob } from '@convergence/core/glob.ts'
import { planFile } from './plan-file.ts'
import { readSlice } from './read-slice.ts'
import { parseSlot } from './slots.ts'

type Context = ConnectorContext<ObjectStorageSource>

const resourceOf = (context: Context): FileResource => {
  const resource = context.source.files[context.resource]
  if (!resource) throw new InternalError(`source ${context.source.source_id} has no file ${context.resource}`)
  return resource
}

/** Files of a bucket: each pinned by its generation, large ones in slices. */
export const objectStorageConnector: Connector<ObjectStorageSource> = {
  async plan(context) {
    const resource = resourceOf(context)
    const { bucket } = context.source
    const pattern = renderTemplate(resource.glob, context.scope)
    checkAllowed(context.operator, context.tenant, bucket, parseGlob(pattern).prefix)
    const files = findFiles(context.objects, bucket, pattern)[Symbol.asyncIterator]()
    const first = await files.next()
    if (first.done && !resource.allow_empty)
      throw new NotFoundError(
        `no object of bucket ${bucket} matches '${pattern}'; with \`allow_empty: true\` that is a result`,
      )
    return { slots: slotsOf(context, resource, first, files) }
  },
  read: (context, slot) => Promise.resolve(readSlot(context, slot)),
  sample: (context, slot) => Promise.resolve(readSlot(context, slot)),
}

async function* slotsOf(
  context: Context,
  resource: FileResource,
  first: IteratorResult<ObjectMeta>,
  files: AsyncIterator<ObjectMeta>,
): AsyncIterable<SlotPlan> {
  for (let next = first; !next.done; next = await files.next()) {
    const file = next.value
    const { max_file: maxBytes } = context.operator.limits
    if (file.size > maxBytes)
      throw new LimitExceededError(
        `${file.name} has ${file.size} bytes, the operator's limit for one file is ${maxBytes} (limits.max_file in configs/_platform/tenants/${context.tenant}.yml)`,
      )
    // An empty file is a mistake of who wrote it, unless nothing at all may be a result.
    if (file.size > 0 || !resource.allow_empty) yield* planFile(context.objects, file, resource)
  }
}

const readSlot = (context: Context, slot: Json): LinkRead => {
  const { bucket } = context.source
  const file = parseSlot(slot)
  checkAllowed(context.operator, context.tenant, bucket, file.name)
  const options = {
    objects: context.objects,
    bucket,
    resource: resourceOf(context),
    maxBytes: context.operator.limits.max_file,
  }
  return { input: readSlice(file, options), end: () => ({ unknownColumns: [], requests: 1 }) }
}
