import { expect, test } from 'vitest'
import { NotFoundError } from '@convergence/core/errors.ts'
import type { ObjectRef } from '@convergence/core/ports/object-store.ts'
import type { JobFailure, JobRef, JobStatus } from '@convergence/core/ports/warehouse.ts'
import type { StepContext } from '../stage.ts'
import { driveChecks } from './drive-checks.ts'

/** A warehouse whose query jobs end as told, one after the other, and an object store in memory. */
const contextWith = (ends: (JobFailure | 'done')[], goneTimes = 0) => {
  let gone = goneTimes
  const jobs = new Map<string, JobStatus>()
  const objects = new Map<string, Uint8Array>()
  const base = { kind: 'query', labels: { tenant: 'acme', pipeline: 'p', run: 'r', step: 's' } } as const
  const context = {
    run: { tenant: 'acme', project: 'p', location: 'EU' },
    at: { tenant: 'acme', runId: 'r', stepId: 's' },
    step: { retry: { max_attempts: 3 } },
    settings: { bucket: 'b' },
    labels: base.labels,
    ports: {
      objects: {
        put: async ({ name }: ObjectRef, body: Uint8Array) => (objects.set(name, body), { outcome: 'written' }),
        read: async function* ({ name }: ObjectRef) {
          const found = objects.get(name)
          if (!found) throw new NotFoundError(name)
          yield found
        },
      },
      warehouse: {
        capabilities: { pollMs: 1, dialect: 'duckdb' },
        poll: async ({ jobId }: JobRef) => jobs.get(jobId),
        submit: async ({ jobId }: JobRef) => {
          const end = ends.shift() ?? 'done'
          jobs.set(jobId, end === 'done' ? { ...base, state: 'done' } : { ...base, state: 'failed', failure: end })
          return { outcome: 'submitted' }
        },
        rows: async ({ jobId }: JobRef) => {
          if (gone-- > 0) throw new NotFoundError(`the rows of ${jobId} are gone`)
          return { schema: [], rows: [[7]] }
        },
      },
    },
  } as unknown as StepContext
  return { context, jobs }
}

const INPUT = {
  expectations: [
    {
      expectation_type: 'expect_table_row_count_to_equal',
      kwargs: { value: 7 },
      severity: 'critical',
      quarantine: false,
    },
  ],
  schema: [],
  dialect: 'duckdb',
  input: { kind: 'parts', parts: [], schema: [] },
} as unknown as Parameters<typeof driveChecks>[2]

const failure = (retryable: boolean): JobFailure => ({ code: 'UNAVAILABLE', retryable, message: 'the backend failed' })

const drive = async (context: StepContext) => {
  for (;;) {
    const checks = await driveChecks(context, 'gate', INPUT)
    if (checks.outcome === 'done') return checks.results
  }
}

test('a query that failed by what may work again is asked again under another id, and says nothing about the data', async () => {
  const { context, jobs } = contextWith([failure(true), failure(true), 'done'])
  const [result] = await drive(context)
  expect(result?.success).toBe(true)
  expect([...jobs.keys()].map((id) => id.slice(id.indexOf('-gate')))).toEqual([
    '-gate-scan-scan',
    '-gate-scan-scan-a2',
    '-gate-scan-scan-a3',
  ])
})

test('when it fails as often as the step may try, the step is told so, and not that its data is bad', async () => {
  const { context } = contextWith([failure(true), failure(true), failure(true)])
  await expect(drive(context)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
})

test('a query that cannot run fails its expectation', async () => {
  const { context } = contextWith([failure(false), failure(false)])
  const [result] = await drive(context)
  expect(result?.success).toBe(false)
})

test('a query whose rows are gone is asked again under another id', async () => {
  const { context, jobs } = contextWith(['done', 'done'], 1)
  const [result] = await drive(context)
  expect([result?.success, jobs.size]).toEqual([true, 2])
})

test('rows that are gone each time fail the step, instead of letting it wait for ever', async () => {
  const { context } = contextWith(['done', 'done', 'done'], 10)
  await expect(drive(context)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})
