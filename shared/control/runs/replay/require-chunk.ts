import { ConflictError, NotFoundError } from '@convergence/core/errors.ts'
import { markerName, planName, type StepAddress } from '@convergence/core/names.ts'
import { marker, planHead, type PlanHead } from '@convergence/core/plan.ts'
import type { TenantContext } from '../../context.ts'
import { readDocument } from '../../documents.ts'

type Context = TenantContext & { readonly bucket: string }

/** A chunk that is its lane's next. Throws NotFoundError, ConflictError (it is done, or another comes first). */
export const requireOpenChunk = async (context: Context, at: StepAddress, chunk: number): Promise<void> => {
  const plan = await requirePlanned(context, at, chunk)
  const standing = await readDocument(context, context.bucket, markerName(at, chunk), marker)
  if (standing)
    throw new ConflictError(`chunk ${chunk} of step ${at.stepId} is ${standing.status}: nothing is left to send`)
  let first = chunk
  while (first >= plan.lanes && !(await isThere(context, markerName(at, first - plan.lanes)))) first -= plan.lanes
  if (first !== chunk)
    throw new ConflictError(`chunks of one lane go in order: before chunk ${chunk} comes chunk ${first}`)
}

/** A chunk that an ended run did not do, or gave up. Throws NotFoundError, ConflictError (it is done, and is taken over). */
export const requireFailedChunk = async (context: Context, at: StepAddress, chunk: number): Promise<void> => {
  await requirePlanned(context, at, chunk)
  const standing = await readDocument(context, context.bucket, markerName(at, chunk), marker)
  if (standing?.status === 'done')
    throw new ConflictError(`chunk ${chunk} of step ${at.stepId} is done: replay the step, and the chunk is taken over`)
}

const requirePlanned = async (context: Context, at: StepAddress, chunk: number): Promise<PlanHead> => {
  const plan = await readDocument(context, context.bucket, planName(at), planHead)
  if (!plan) throw new ConflictError(`step ${at.stepId} of run ${at.runId} has no plan, and no chunks: replay the step`)
  if (chunk >= plan.chunks)
    throw new NotFoundError(`step ${at.stepId} has ${plan.chunks} chunks, numbered from 0: there is no chunk ${chunk}`)
  return plan
}

const isThere = async ({ ports, bucket }: Context, name: string): Promise<boolean> =>
  (await ports.objects.head({ bucket, name })) !== undefined
