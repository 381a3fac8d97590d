import { manifestName, markerName, planName, type StepAddress } from '@convergence/core/names.ts'
import { manifestHead, marker, planHead, type Marker, type PlanHead } from '@convergence/core/plan.ts'
import type { Problem } from '@convergence/core/messages.ts'
import type { Run, StepState } from '@convergence/core/run/run.ts'
import type { TenantContext } from '../context.ts'
import { readDocument } from '../documents.ts'

/** Bad chunks that are named; more are counted. */
const MOST_NAMED = 20
/** Of a step without a manifest so many markers are looked at. */
const MOST_READ = 1_000
const READS = 16

interface BadChunk {
  readonly chunk: number
  /** What a person calls it: a file, a window. */
  readonly label: string
  readonly code: string
  readonly message: string
  /** When it was given up. */
  readonly at: string | null
}

export interface StepExplanation {
  readonly step_id: string
  readonly status: StepState['status']
  readonly error: Problem | null
  readonly ended_at: string | null
  readonly chunks: { readonly total: number; readonly rejected: number } | null
  /** Chunks that were given up, which keep the step from being published. */
  readonly bad_chunks: BadChunk[]
  readonly rejected_rows: number
  /** The rejected rows stand in quarantine: the step came as far as its publish. */
  readonly quarantined: boolean
  /** Of a replay: the run in which it succeeded, or whose chunks it takes over. */
  readonly from: string | null
}

export const explainStep = async (
  context: TenantContext,
  bucket: string,
  run: Run,
  step: StepState,
): Promise<StepExplanation> => {
  const chunks = step.type === 'ingest' ? await readChunks(context, bucket, { ...run, stepId: step.stepId }) : undefined
  const rejectedRows = step.rows?.rejected ?? chunks?.rejectedRows ?? 0
  return {
    step_id: step.stepId,
    status: step.status,
    error: step.error ?? null,
    ended_at: step.endedAt ?? null,
    chunks: chunks ? { total: chunks.total, rejected: chunks.rejected } : null,
    bad_chunks: chunks?.bad ?? [],
    rejected_rows: rejectedRows,
    quarantined: rejectedRows > 0 && step.stem !== undefined,
    from: step.from ?? null,
  }
}

interface Chunks {
  readonly total: number
  readonly rejected: number
  readonly rejectedRows: number
  readonly bad: BadChunk[]
}

const readChunks = async (context: TenantContext, bucket: string, at: StepAddress): Promise<Chunks | undefined> => {
  const plan = await readDocument(context, bucket, planName(at), planHead)
  if (!plan) return undefined
  const manifest = await readDocument(context, bucket, manifestName(at), manifestHead)
  const found = manifest
    ? { rejected: manifest.rejectedChunks, rejectedRows: manifest.counts.rejected, bad: manifest.rejections }
    : summary(await readMarkers(context, bucket, at, plan))
  const bad = found.bad.slice(0, MOST_NAMED).map(async (chunk): Promise<BadChunk> => {
    const meta = await context.ports.objects.head({ bucket, name: markerName(at, chunk.chunk) })
    return { ...chunk, at: meta ? new Date(meta.updatedMs).toISOString() : null }
  })
  return { ...found, total: plan.chunks, bad: await Promise.all(bad) }
}

const readMarkers = async (
  context: TenantContext,
  bucket: string,
  at: StepAddress,
  { chunks }: PlanHead,
): Promise<Marker[]> => {
  const markers: Marker[] = []
  for (let from = 0; from < Math.min(chunks, MOST_READ); from += READS) {
    const some = Array.from({ length: Math.min(READS, chunks - from) }, (_, index) => from + index)
    const read = await Promise.all(some.map((chunk) => readDocument(context, bucket, markerName(at, chunk), marker)))
    markers.push(...read.filter((one) => one !== undefined))
  }
  return markers
}

const summary = (markers: readonly Marker[]) => {
  const rejected = markers.filter(({ status }) => status === 'rejected')
  return {
    rejected: rejected.length,
    rejectedRows: markers.reduce((sum, { result }) => sum + result.counts.rejected, 0),
    bad: rejected.map(({ chunk, label, error }) => ({
      chunk,
      label,
      code: error?.code ?? 'INTERNAL',
      message: error?.message ?? 'unknown',
    })),
  }
}
