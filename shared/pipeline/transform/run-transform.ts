import type { TransformStep } from '@convergence/core/config/pipeline.ts'
import { InternalError, toPlatformError } from '@convergence/core/errors.ts'
import { hashOf } from '@convergence/core/hash.ts'
import { chunkId, jobStem } from '@convergence/core/names.ts'
import type { PublishJob, QueryParameter, TenantSql } from '@convergence/core/ports/warehouse.ts'
import { stepIs } from '@convergence/core/run/run.ts'
import { withPlatformFields, type FieldType } from '@convergence/core/table.ts'
import { driveFence, type FenceResult, type Publication } from '../load/fence.ts'
import { pollPublish } from '../load/poll-publish.ts'
import { replacedBy, withoutNewer } from '../load/partitions.ts'
import { imbalanceOf, readReceipt, rowsOf } from '../load/settle.ts'
import { strategyOf } from '../plan/strategy.ts'
import { failStep, sendEvent, targetOf, type StepContext } from '../stage.ts'
import { renderSql } from '@convergence/core/sql/render-sql.ts'
import { explainSql, inFile, sqlFile } from './explain-sql.ts'
import { publishedOf, settleAgain, settleTransform } from './settle-transform.ts'

/** Begins a transform: its SQL is rendered, checked and dry-run against the tenant's budget before anything is asked to publish. */
export const beginTransform = async (context: StepContext<TransformStep>): Promise<void> => {
  if (!stepIs(context.run, context.at.stepId, 'RUNNING')) return
  const { runId, stepId } = context.at
  const sql = sqlOf(context)
  try {
    await context.ports.warehouse.dryRun(context.run.tenant, sql)
  } catch (error) {
    throw await explainSql(context, sql, toPlatformError(error))
  }
  const stem = jobStem(context.at, hashOf([sql.sql, JSON.stringify(sql.parameters)]))
  await sendEvent(context, { type: 'step.staged', runId, stepId, stem })
}

/** Publishes it: called again by polls until the step has ended. */
export const publishTransform = (context: StepContext<TransformStep>, tick: number): Promise<void> =>
  pollPublish(context, { queue: 'transform-jobs', tick }, () => publishOnce(context))

const publishOnce = async (context: StepContext<TransformStep>): Promise<number | undefined> => {
  const receipt = await readReceipt(context)
  if (!receipt) return answer(context, await driveFence(context, publicationOf(context)))
  await settleAgain(context, receipt)
  await succeed(context, receipt)
  return undefined
}

const answer = async (context: StepContext<TransformStep>, result: FenceResult): Promise<number | undefined> => {
  switch (result.outcome) {
    case 'running':
      return result.waitMs
    case 'stopped':
      return undefined
    case 'failed':
      await failStep(context, { code: result.failure.code, message: inFile(context, result.failure) })
      return undefined
    case 'superseded':
      await succeed(context, undefined)
      return undefined
    case 'published':
      await succeed(context, await settleTransform(context, result))
      return undefined
  }
}

const succeed = (context: StepContext<TransformStep>, receipt: Parameters<typeof publishedOf>[0]): Promise<void> => {
  const imbalance = receipt && imbalanceOf(receipt)
  if (imbalance) return failStep(context, imbalance, rowsOf(receipt))
  const published = publishedOf(receipt)
  return sendEvent(context, {
    type: 'step.succeeded',
    runId: context.at.runId,
    stepId: context.at.stepId,
    ...published,
    tables: [...published.tables],
    warnings: [...published.warnings],
  })
}

const publicationOf = (context: StepContext<TransformStep>): Publication => {
  const strategy = strategyOf(context)
  // A transform reads when its job runs; what decides who is newer is when it was begun.
  const begunAt = context.state.startedAt ?? context.run.requestedAt
  const { load } = context.step
  const file = load.schema === undefined ? undefined : context.snapshot.schemas[load.schema]
  return {
    stem: context.state.stem ?? '',
    target: targetOf(context),
    partitions: replacedBy(strategy),
    plannedAtMs: Date.parse(begunAt),
    job: (left): PublishJob => ({
      kind: 'publish',
      target: targetOf(context),
      schema: file ? withPlatformFields(file) : [],
      partitionBy: load.partition_by,
      clusterBy: load.cluster_by,
      source: {
        kind: 'select',
        ...sqlOf(context),
        stamp: {
          ingestionDate: begunAt.slice(0, 10),
          runId: context.run.runId,
          chunkId: chunkId(context.at.stepId, 0),
          ingestedAt: begunAt,
        },
      },
      strategy: withoutNewer(strategy, left),
      labels: context.labels,
    }),
  }
}

const sqlOf = (context: StepContext<TransformStep>): TenantSql => {
  const { step, snapshot, run } = context
  const text = snapshot.sql[step.sql]
  if (text === undefined) throw new InternalError(`the snapshot has no SQL ${step.sql}`)
  return renderSql(text, {
    tenant: run.tenant,
    parameters: queryParameters(context),
    file: sqlFile(context),
    maxBytesBilled: Math.min(step.max_bytes_billed ?? Infinity, snapshot.operator.limits.max_bytes_billed),
  })
}

const TYPES: Readonly<Record<string, FieldType>> = {
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  string: 'STRING',
  integer: 'INT64',
  number: 'NUMERIC',
  boolean: 'BOOL',
}

const queryParameters = ({ run, pipeline }: StepContext): QueryParameter[] =>
  Object.entries(run.parameters).map(([name, value]) => ({
    name,
    type: TYPES[pipeline.parameters[name]?.type ?? 'string'] ?? 'STRING',
    value,
  }))
