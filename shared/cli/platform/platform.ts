import type { ParameterValues } from '@convergence/core/parameters.ts'
import type { TableSchema } from '@convergence/core/table.ts'
import type { StepProgress } from '@convergence/control/runs/read-progress.ts'
import type { StepWait } from '@convergence/control/runs/read-waits.ts'
import type { RunExplanation } from '@convergence/control/runs/explain-run.ts'
import type { RunView } from '@convergence/control/runs/view-run.ts'

/**
 * What the commands ask of the platform: of one in this process, or of the process that owns the project, over HTTP. Inputs and
 * answers are plain JSON; errors are PlatformErrors.
 */
export interface Platform {
  createTenant(input: { tenant: string }): Promise<{ created: boolean }>
  createKey(input: { tenant: string }): Promise<{ key: string; keyId: string }>
  requestRun(input: RunAsk): Promise<RunAsked>
  /** A run as it stands now, whose tenant the project's owner need not name. */
  lookAtRun(input: { runId: string }): Promise<RunLook>
  /** The same, with why it is so and what to do about it. */
  explainRun(input: { runId: string }): Promise<RunExplained>
  listRuns(input: { tenant: string; pipelineId?: string | undefined; limit: number }): Promise<{ runs: RunView[] }>
  replayRun(input: ReplayAsk): Promise<ReplayAnswer>
  cancelRun(input: { runId: string }): Promise<RunLook>
  query(input: QueryAsk): Promise<QueryAnswer>
}

export interface RunAsk {
  readonly tenant: string
  readonly pipelineId: string
  readonly parameters: Readonly<Record<string, unknown>>
  readonly idempotencyKey?: string | undefined
}

export interface RunAsked {
  readonly runId: string
  /** `resumed`: an unfinished run of the same pipeline and parameters was there; `repeated`: the key's run was there. */
  readonly how: 'created' | 'resumed' | 'repeated'
  readonly parameters: ParameterValues
}

/** A run, and how far its ingest steps have come. */
export interface RunLook {
  readonly tenant: string
  readonly run: RunView
  readonly progress: readonly StepProgress[]
  /** Of steps that stand still and will try again. */
  readonly waits: readonly StepWait[]
  /** Why nothing at all goes on: the disk is full, for one. */
  readonly trouble?: string | undefined
  /** Why nobody carries the run on, and since when (ISO instant). */
  readonly givenUp?: { readonly reason: string; readonly at: string } | undefined
}

export interface RunExplained extends RunLook {
  readonly explanation: RunExplanation
}

interface ReplayAsk {
  readonly runId: string
  readonly stepId?: string | undefined
  readonly chunk?: number | undefined
  readonly quarantined: boolean
}

export interface ReplayAnswer {
  /** The run that goes on: the same one, or a new one. */
  readonly runId: string
  /** `resumed`: it had not ended; `repeated`: the same replay was asked for before. */
  readonly how: 'resumed' | 'created' | 'repeated'
}

export interface QueryAsk {
  readonly tenant: string
  readonly sql: string
  /** At most so many rows. */
  readonly limit: number
}

export interface QueryAnswer {
  readonly schema: TableSchema
  readonly rows: readonly (readonly unknown[])[]
  /** There are more rows than were asked for. */
  readonly more: boolean
}
