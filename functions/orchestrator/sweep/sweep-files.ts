import { expiryKey, expiryPrefix, planName, runFolder, runKey } from '@convergence/core/names.ts'
import type { StateEntry } from '@convergence/core/ports/state-store.ts'
import { runDocument, runEnded, type Run } from '@convergence/core/run/run.ts'
import { replayIdOf } from '@convergence/core/run/run-id.ts'
import { inBucket } from '@convergence/pipeline/documents.ts'
import { mapLimited } from '@convergence/pipeline/map-limited.ts'
import { nowIso, readRun, type Stage } from '@convergence/pipeline/stage.ts'

const KEEP_MS = 30 * 86_400_000
/** Objects that one piece of a sweep deletes, and how many at the same time. */
const PAGE = 1_000
const DELETES = 16
/** Pieces of one sweep: the next one goes on. */
const MAX_PIECES = 1_000

/**
 * Deletes files (plan, markers, parts) of the run that ended first, once it ended longer ago than they are kept. Gives the next piece, as
 * long as something is due.
 */
export const sweepFiles = async (
  stage: Stage,
  { page = '0' }: { readonly page?: string | undefined },
): Promise<string | undefined> => {
  const [oldest] = (await stage.ports.state.list(expiryPrefix, { limit: 1 })).entries
  if (!oldest || !isDue(stage, oldest)) return undefined
  await expire(stage, oldest)
  const piece = Number(page) + 1
  return piece < MAX_PIECES ? String(piece) : undefined
}

const isDue = (stage: Stage, { key }: StateEntry): boolean => {
  const [endedAt = ''] = key.slice(expiryPrefix.length).split('/')
  return Date.parse(endedAt) + (stage.settings.keepFilesMs ?? KEEP_MS) <= stage.ports.clock.nowMs()
}

const expire = async (stage: Stage, { key, version }: StateEntry): Promise<void> => {
  const [, tenant = '', runId = ''] = key.slice(expiryPrefix.length).split('/')
  const run = await readRun(stage, runId)
  if (run && (await isTakenOver(stage, run))) return postpone(stage, run, { key, version })
  if (run) await deletePlans(stage, run)
  // A replay that began before its plan was gone has it, and all that it names; one that begins now plans anew.
  if (run && (await isTakenOver(stage, run))) return postpone(stage, run, { key, version })
  const listed = await stage.ports.objects.list(stage.settings.bucket, runFolder(tenant, runId), { limit: PAGE })
  await mapLimited(listed.objects, DELETES, ({ bucket, name, generation }) =>
    stage.ports.objects.delete({ bucket, name }, generation),
  )
  if (listed.nextPageToken !== undefined) return
  await stage.ports.state.delete(key, version)
  stage.ports.log.info('the files of an ended run were deleted', { tenant, run: runId })
}

/** A replay, or a replay of the replay, that has not ended may read the run's plan and parts. */
const isTakenOver = async (stage: Stage, run: Run): Promise<boolean> => {
  for (let next = await replayOf(stage, run); next; next = await replayOf(stage, next)) if (!runEnded(next)) return true
  return false
}

const replayOf = async (stage: Stage, run: Run): Promise<Run | undefined> => {
  const entry = await stage.ports.state.get(runKey(replayIdOf(run)))
  return entry && runDocument.parse(entry.value)
}

const postpone = async (
  stage: Stage,
  run: Run,
  { key, version }: Pick<StateEntry, 'key' | 'version'>,
): Promise<void> => {
  await stage.ports.state.compareAndSet(expiryKey(nowIso(stage), run.tenant, run.runId), null, {})
  await stage.ports.state.delete(key, version)
}

const deletePlans = async (stage: Stage, { tenant, runId, steps }: Run): Promise<void> => {
  for (const { stepId } of steps) {
    const ref = inBucket(stage, planName({ tenant, runId, stepId }))
    const plan = await stage.ports.objects.head(ref)
    if (plan) await stage.ports.objects.delete(ref, plan.generation)
  }
}
