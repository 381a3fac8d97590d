import type { DqStep } from '@convergence/core/config/pipeline.ts'
import { NotFoundError } from '@convergence/core/errors.ts'
import { hashOf } from '@convergence/core/hash.ts'
import type { StepRows } from '@convergence/core/messages.ts'
import { jobStem } from '@convergence/core/names.ts'
import type { Relation, TableInfo } from '@convergence/core/ports/warehouse.ts'
import { stepIs } from '@convergence/core/run/run.ts'
import { tableName, type TableRef } from '@convergence/core/table.ts'
import { driveFence } from '../load/fence.ts'
import { failStep, sendEvent, sendTask, type StepContext } from '../stage.ts'
import { checkedTable, rulesOf } from './checked-table.ts'
import { driveChecks } from './drive-checks.ts'
import { recordResults } from './record-results.ts'
import { publishedChecks } from './settle-checks.ts'
import { verdict, type Verdict } from './run-checks.ts'

/** Checks a table. Called again by polls until the step has ended, or asks to publish: to move failing rows to quarantine. */
export const runDqStep = async (context: StepContext<DqStep>, tick: number): Promise<void> => {
  if (!stepIs(context.run, context.at.stepId, 'RUNNING')) return
  const { runId, stepId } = context.at
  if (tick === 0) await sendEvent(context, { type: 'step.started', runId, stepId, phase: 'run' })
  const checked = await check(context)
  if (checked.outcome === 'running') return look(context, 'step.run', tick, checked.waitMs)
  await recordResults(context, {
    rulesId: context.step.rules,
    table: tableName(checked.table),
    results: checked.results,
  })
  const { stop, reason, warnings, quarantineRules } = checked.verdict
  if (stop && reason) return failStep(context, reason, rowsChecked(checked.results))
  if (quarantineRules.length > 0) {
    const stem = jobStem(context.at, hashOf(['quarantine', JSON.stringify(quarantineRules)]))
    return sendEvent(context, { type: 'step.staged', runId, stepId, stem })
  }
  await sendEvent(context, {
    type: 'step.succeeded',
    runId,
    stepId,
    rows: rowsChecked(checked.results),
    tables: [],
    warnings: [...warnings],
    superseded: false,
  })
}

/** Moves the failing rows to quarantine, in one transaction, under the step's job id and the table's ledger. */
export const quarantineRows = async (context: StepContext<DqStep>, tick: number): Promise<void> => {
  if (!stepIs(context.run, context.at.stepId, 'PUBLISHING')) return
  const { runId, stepId } = context.at
  if (tick === 0) await sendEvent(context, { type: 'step.started', runId, stepId, phase: 'publish' })
  const checked = await check(context)
  if (checked.outcome === 'running') return look(context, 'step.publish', tick, checked.waitMs)
  const result = await driveFence(context, {
    stem: context.state.stem ?? '',
    target: checked.table,
    plannedAtMs: Date.parse(context.run.requestedAt),
    job: () => ({
      kind: 'quarantine',
      table: checked.table,
      input: checked.relation,
      rules: checked.verdict.quarantineRules,
      parameters: checked.verdict.quarantineParameters,
      labels: context.labels,
    }),
  })
  if (result.outcome === 'running') return look(context, 'step.publish', tick, result.waitMs)
  if (result.outcome === 'failed')
    return failStep(context, { code: result.failure.code, message: result.failure.message })
  if (result.outcome !== 'published') return
  const published = await publishedChecks(context, result, checked.verdict.warnings, rowsChecked(checked.results))
  await sendEvent(context, {
    type: 'step.succeeded',
    runId,
    stepId,
    ...published,
    tables: [...published.tables],
    warnings: [...published.warnings],
  })
}

const look = (
  context: StepContext,
  command: 'step.run' | 'step.publish',
  tick: number,
  waitMs: number,
): Promise<void> => {
  const { runId, stepId } = context.at
  const next = { type: 'step', runId, stepId, command, tick: tick + 1 } as const
  return sendTask(context, 'dq-jobs', next, { name: [runId, stepId, command, tick + 1], delayMs: waitMs })
}

type Checked =
  | { outcome: 'running'; waitMs: number }
  | { outcome: 'done'; table: TableRef; relation: Relation; results: readonly CheckedResult[]; verdict: Verdict }
type CheckedResult = Extract<Awaited<ReturnType<typeof driveChecks>>, { outcome: 'done' }>['results'][number]

const check = async (context: StepContext<DqStep>): Promise<Checked> => {
  const rules = rulesOf(context)
  const table = checkedTable(context)
  const info = await context.ports.warehouse.describe(table)
  if (!info) throw new NotFoundError(`table ${tableName(table)} does not exist: no run has loaded it yet`)
  const relation = relationOf(context, table, info)
  const checks = await driveChecks(context, 'step', {
    expectations: rules.expectations,
    schema: info.schema,
    dialect: context.ports.warehouse.capabilities.dialect,
    input: relation,
    idColumns: ['_chunk_id'],
  })
  if (checks.outcome === 'running') return checks
  return { outcome: 'done', table, relation, results: checks.results, verdict: verdict(checks.plan, checks.results) }
}

const relationOf = (context: StepContext<DqStep>, table: TableRef, info: TableInfo): Relation => {
  const { step } = context
  const runId = loadedBy(context, table)
  const thisRun = { name: 'run_id', type: 'STRING', value: runId } as const
  switch (step.scope) {
    case 'table':
      return { kind: 'table', table }
    case 'run':
      return { kind: 'table', table, where: [{ column: '_run_id', equals: thisRun }] }
    case 'partition':
      return {
        kind: 'table',
        table,
        partitionsOfRun: { column: info.partitionBy ?? 'ingestion_date', runId },
      }
  }
}

/** The run whose rows the step is about: of a replay, the one in which the step that loads the table has succeeded. */
const loadedBy = ({ run, pipeline }: StepContext<DqStep>, { dataset, table }: TableRef): string => {
  const loaders = pipeline.steps.filter(
    (step) => step.type !== 'dq' && step.load.dataset === dataset && step.load.table === table,
  )
  const taken = run.steps.find(
    ({ stepId, status, from }) =>
      status === 'SUCCEEDED' && from !== undefined && loaders.some((step) => step.step_id === stepId),
  )
  return taken?.from ?? run.runId
}

/** Rows that were looked at, where an expectation counted them. */
const rowsChecked = (results: readonly CheckedResult[]): StepRows => {
  const fetched = Math.max(0, ...results.map(({ elementCount }) => elementCount ?? 0))
  return { fetched, accepted: fetched, rejected: 0, filtered: 0, loaded: 0 }
}
