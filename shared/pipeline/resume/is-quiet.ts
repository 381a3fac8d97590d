import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import { linkName, manifestName, markerName, planName, waitName } from '@convergence/core/names.ts'
import { waitNote, type PlanHead } from '@convergence/core/plan.ts'
import { inBucket, readDocument } from '../documents.ts'
import { firstGaps, lastOfLanes } from '../plan/lanes.ts'
import { readPlan } from '../plan/read-plan.ts'
import { chunkLanes } from '../process/process-chunk.ts'
import { nowIso, type StepContext } from '../stage.ts'
import { countLinks } from './resume-step.ts'

/**
 * Whether nothing has been heard of a step for longer than `quietMs`: it does not wait for a time that it told, its host (where that can
 * know) holds no message and no task of it, and the last that it left behind is older.
 */
export const isQuiet = async (context: StepContext, quietMs: number): Promise<boolean> => {
  const wait = await readDocument(context, waitName(context.at), waitNote)
  if (wait && wait.until > nowIso(context)) return false
  const known = await context.underWay?.(context.at.runId)
  if (known?.some((stepId) => stepId === undefined || stepId === context.at.stepId)) return false
  const movedMs = Math.max(Date.parse(context.state.startedAt ?? context.run.requestedAt), await lastLeftMs(context))
  return movedMs + quietMs <= context.ports.clock.nowMs()
}

/** When the last object was made that says how far the step has come; 0: there is none. */
const lastLeftMs = async (context: StepContext): Promise<number> => {
  if (context.step.type !== 'ingest') return 0
  const manifest = await madeMs(context, manifestName(context.at))
  if (manifest > 0) return manifest
  const plan = await readPlan(context)
  if (!plan) return 0
  return Math.max(
    await madeMs(context, planName(context.at)),
    await lastChunkMs(context as StepContext<IngestStep>, plan),
  )
}

const lastChunkMs = async (context: StepContext<IngestStep>, plan: PlanHead): Promise<number> => {
  const gaps = await firstGaps(chunkLanes(context, plan))
  const lanes = lastOfLanes(plan.chunks, plan.lanes)
  const times = await Promise.all(
    lanes.map(async (last, lane) => {
      const gap = gaps.find((one) => one % plan.lanes === lane)
      if (gap === undefined) return madeMs(context, markerName(context.at, last))
      const before = gap < plan.lanes ? 0 : await madeMs(context, markerName(context.at, gap - plan.lanes))
      return Math.max(before, await lastLinkMs(context, gap))
    }),
  )
  return Math.max(0, ...times)
}

const lastLinkMs = async (context: StepContext, chunk: number): Promise<number> => {
  const links = await countLinks(context, chunk)
  return links === 0 ? 0 : madeMs(context, linkName(context.at, chunk, links - 1))
}

const madeMs = async (context: StepContext, name: string): Promise<number> =>
  (await context.ports.objects.head(inBucket(context, name)))?.updatedMs ?? 0
