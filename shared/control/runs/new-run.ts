import type { Pipeline } from '@convergence/core/config/pipeline.ts'
import type { ConfigSnapshot } from '@convergence/core/config/snapshot.ts'
import type { ParameterValues } from '@convergence/core/parameters.ts'
import type { Run, RunCause, StepState } from '@convergence/core/run/run.ts'
import { nowIso, type TenantContext } from '../context.ts'

export interface RunPins {
  readonly runId: string
  readonly snapshot: ConfigSnapshot
  readonly pipeline: Pipeline
  readonly parameters: ParameterValues
  readonly logicalTime: string
  readonly cause: RunCause
}

/** The document of a run that was just asked for, with all that is pinned. */
export const newRun = (context: TenantContext, pins: RunPins): Run => {
  const { capabilities } = context.ports.warehouse
  const { operator } = pins.snapshot
  return {
    version: 1,
    runId: pins.runId,
    tenant: context.tenant,
    pipelineId: pins.pipeline.pipeline_id,
    status: 'PENDING',
    cause: pins.cause,
    trace: context.trace,
    configHash: pins.snapshot.hash,
    parameters: { ...pins.parameters },
    logicalTime: pins.logicalTime,
    timezone: pins.pipeline.timezone,
    project: operator.project ?? capabilities.project,
    location: operator.location ?? capabilities.location,
    concurrency: pins.pipeline.concurrency,
    timeoutMs: pins.pipeline.timeout,
    revision: 0,
    requestedAt: nowIso(context),
    steps: inOrder(pins.pipeline.steps.map(newStep)),
    warnings: [],
  }
}

const newStep = (step: Pipeline['steps'][number]): StepState => ({
  stepId: step.step_id,
  type: step.type,
  status: 'PENDING',
  needs: step.needs,
  onFailure: step.on_failure,
  ...(step.timeout !== undefined && { timeoutMs: step.timeout }),
  acknowledged: false,
  tables: [],
  warnings: [],
  superseded: false,
})

/** Needs before those that need them, else as written: the state machine goes through them once. There are no cycles: `validate` saw to it. */
const inOrder = (steps: readonly StepState[]): StepState[] => {
  const placed: StepState[] = []
  const place = (step: StepState): void => {
    if (placed.includes(step)) return
    for (const need of step.needs) {
      const needed = steps.find((one) => one.stepId === need)
      if (needed) place(needed)
    }
    placed.push(step)
  }
  steps.forEach(place)
  return placed
}
