import type { IngestStep, Pipeline, Step, TransformStep } from '@convergence/core/config/pipeline.ts'
import type { ConfigSnapshot } from '@convergence/core/config/snapshot.ts'
import { InternalError, PlatformError, toPlatformError } from '@convergence/core/errors.ts'
import {
  MESSAGE,
  type Delivery,
  type Problem,
  type Queue,
  type RunEvent,
  type StepRows,
  type Task,
} from '@convergence/core/messages.ts'
import { runKey, taskName, type StepAddress } from '@convergence/core/names.ts'
import type { Ports } from '@convergence/core/ports/index.ts'
import type { JobLabels, JobRef } from '@convergence/core/ports/warehouse.ts'
import { runDocument, stepOf, type Run, type StepState } from '@convergence/core/run/run.ts'
import type { TableRef } from '@convergence/core/table.ts'
import { tellWait } from './tell-wait.ts'

/** What every stage works with: the ports, the operator's tuning, and the trace of the delivery that it answers. */
export interface Stage {
  readonly ports: Ports
  readonly settings: StageSettings
  readonly trace: string
  /**
   * Steps of a run for which the host holds a message or a task (undefined among them: one about the run as a whole). Absent where a host
   * cannot know: then only time tells.
   */
  readonly underWay?: ((runId: string) => Promise<readonly (string | undefined)[]>) | undefined
}

interface StageSettings {
  /** The platform's own bucket: plans, markers, manifests, parts. */
  readonly bucket: string
  /** Chunks of one step under way at the same time, at most 100. */
  readonly lanes: number
  /** How long others wait for a claim that was not yet submitted, milliseconds. */
  readonly leaseMs: number
  /** How long a run may be silent before the sweep takes what it was doing for lost, milliseconds; default: 15 minutes. */
  readonly quietMs?: number | undefined
  /** How long the files of an ended run are kept, milliseconds; default: 30 days. */
  readonly keepFilesMs?: number | undefined
}

/** One step of one run, with the config that the run pinned. */
export interface StepContext<S extends Step = Step> extends Stage {
  readonly run: Run
  readonly state: StepState
  readonly snapshot: ConfigSnapshot
  readonly pipeline: Pipeline
  readonly step: S
  readonly at: StepAddress
  readonly labels: JobLabels
}

/** The run as it stands now, or undefined. Its tenant, and no other, is whose data the caller may touch. */
export const readRun = async (stage: Stage, runId: string): Promise<Run | undefined> => {
  const entry = await stage.ports.state.get(runKey(runId))
  return entry && runDocument.parse(entry.value)
}

/** The step, or undefined when there is no such run (its message is then nobody's). */
export const openStep = async (stage: Stage, runId: string, stepId: string): Promise<StepContext | undefined> => {
  const run = await readRun(stage, runId)
  if (!run) return undefined
  const snapshot = await stage.ports.configs.load(run.tenant, run.configHash)
  const pipeline = snapshot.pipelines[run.pipelineId]
  const step = pipeline?.steps.find((one) => one.step_id === stepId)
  if (!pipeline || !step) throw new InternalError(`run ${runId}: its config has no step ${stepId}`)
  return {
    ...stage,
    ports: {
      ...stage.ports,
      log: stage.ports.log.with({ tenant: run.tenant, pipeline: run.pipelineId, run: runId, step: stepId }),
    },
    run,
    state: stepOf(run, stepId),
    snapshot,
    pipeline,
    step,
    at: { tenant: run.tenant, runId, stepId },
    labels: { tenant: run.tenant, pipeline: run.pipelineId, run: runId, step: stepId },
  }
}

export const jobRef = (run: Pick<Run, 'tenant' | 'project' | 'location'>, jobId: string): JobRef => ({
  tenant: run.tenant,
  project: run.project,
  location: run.location,
  jobId,
})

export const nowIso = (stage: Stage): string => new Date(stage.ports.clock.nowMs()).toISOString()

type Unsent<E> = E extends unknown ? Omit<E, 'version' | 'trace'> : never

/** Tells the orchestrator. */
export const sendEvent = (stage: Stage, event: Unsent<RunEvent>): Promise<void> =>
  stage.ports.bus.publish('run-events', { ...MESSAGE, trace: stage.trace, ...event } as RunEvent)

interface TaskOptions {
  readonly name: readonly (string | number)[]
  readonly delayMs?: number | undefined
}

export const sendTask = async (stage: Stage, queue: Queue, task: Unsent<Task>, options: TaskOptions): Promise<void> => {
  const delay = options.delayMs === undefined ? {} : { delayMs: options.delayMs }
  await stage.ports.tasks.enqueue(queue, { ...MESSAGE, trace: stage.trace, ...task } as Task, {
    name: taskName(options.name),
    ...delay,
  })
}

/** The table that a loading step loads. */
export const targetOf = ({ run, step }: StepContext<IngestStep | TransformStep>): TableRef => ({
  tenant: run.tenant,
  dataset: step.load.dataset,
  table: step.load.table,
})

/** Fails the step: the orchestrator decides by `on_failure` what becomes of the run. */
export const failStep = (context: StepContext, error: Problem, rows?: StepRows): Promise<void> => {
  context.ports.log.warn('step failed', { code: error.code, reason: error.message })
  return sendEvent(context, {
    type: 'step.failed',
    runId: context.run.runId,
    stepId: context.at.stepId,
    error,
    ...(rows && { rows }),
  })
}

export const asProblem = (error: PlatformError): Problem => ({ code: error.code, message: error.message })

/**
 * Runs a stage's work. A terminal error, or a retryable one at the last of the step's attempts, fails the step; any other is thrown,
 * and the delivery comes again.
 */
export const guardStep = async (context: StepContext, delivery: Delivery, work: () => Promise<void>): Promise<void> => {
  try {
    await work()
  } catch (thrown) {
    const error = toPlatformError(thrown)
    const last = delivery.attempt >= context.step.retry.max_attempts
    if (error.retryable && !last) throw await withBackoff(error, context, delivery)
    await failStep(context, afterAttempts(error, delivery))
  }
}

/** What an attempt failed by that was the last: what might have helped was tried. */
export const afterAttempts = (error: PlatformError, { attempt }: Delivery): Problem =>
  error.retryable && attempt > 1
    ? { code: error.code, message: `${error.message} (after ${attempt} attempts)` }
    : asProblem(error)

/** The error with when to come again: its own word, else the step's backoff, doubled at each attempt. Whoever watches is told. */
export const withBackoff = async (
  error: PlatformError,
  context: StepContext,
  { attempt }: Delivery,
): Promise<PlatformError> => {
  const { backoff, max_attempts: most } = context.step.retry
  const retryAfterMs = error.retryAfterMs ?? backoff * 2 ** (attempt - 1)
  await tellWait(context, `${error.message} (attempt ${attempt} of ${most})`, retryAfterMs)
  return new PlatformError(error.code, error.retryable, error.message, {
    cause: error,
    details: error.details,
    retryAfterMs,
  })
}
