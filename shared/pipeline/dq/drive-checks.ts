import { NotFoundError, UnavailableError } from '@convergence/core/errors.ts'
import { hashOf } from '@convergence/core/hash.ts'
import { attemptId, checksName, jobStem } from '@convergence/core/names.ts'
import { createDocument, readDocument } from '../documents.ts'
import { jobRef, type StepContext } from '../stage.ts'
import type { CheckInput } from './compile.ts'
import type { ExpectationResult } from './results.ts'
import {
  addSamples,
  evaluateChecks,
  planChecks,
  sampleQueries,
  type CheckPlan,
  type NamedQuery,
  type QueryRows,
  type RowsByName,
} from './run-checks.ts'

/**
 * Runs the checks of a step without waiting: queries are submitted under ids that the step and the round give, looked at again by polls,
 * and what they said is kept as a document, so that a crash repeats at most the round that it was in. Rounds: one scan of all; where that
 * failed, a scan each, so that only those fail that cannot run; then samples of what failed.
 */
export type ChecksResult =
  | { readonly outcome: 'running'; readonly waitMs: number }
  | { readonly outcome: 'done'; readonly plan: CheckPlan; readonly results: readonly ExpectationResult[] }

interface ResultsDocument {
  readonly version: 1
  readonly separately: boolean
  readonly results: readonly ExpectationResult[]
}

/** Written and read by this file only. */
const resultsDocument = { parse: (value: unknown) => value as ResultsDocument }

export const driveChecks = async (
  context: StepContext,
  phase: 'gate' | 'step',
  input: CheckInput,
): Promise<ChecksResult> => {
  const final = await readDocument(context, checksName(context.at, phase, 'final'), resultsDocument)
  if (final)
    return { outcome: 'done', plan: planChecks({ ...input, separately: final.separately }), results: final.results }
  const judged =
    (await readDocument(context, checksName(context.at, phase, 'judged'), resultsDocument)) ??
    (await judge(context, phase, input))
  if (!judged) return running(context)
  const plan = planChecks({ ...input, separately: judged.separately })
  const results = await sample(context, phase, plan, judged)
  return results ? { outcome: 'done', plan, results } : running(context)
}

const running = (context: StepContext): ChecksResult => ({
  outcome: 'running',
  waitMs: context.ports.warehouse.capabilities.pollMs,
})

const judge = async (context: StepContext, phase: string, input: CheckInput): Promise<ResultsDocument | undefined> => {
  const together = planChecks(input)
  const rows = await queryAll(context, `${phase}-scan`, together.queries)
  if (!rows) return undefined
  if (!Object.values(rows).some(isFailed))
    return keep(context, phase, 'judged', { separately: false, results: evaluateChecks(together, rows).results })
  const separate = planChecks({ ...input, separately: true })
  const each = await queryAll(context, `${phase}-each`, separate.queries)
  return each && keep(context, phase, 'judged', { separately: true, results: evaluateChecks(separate, each).results })
}

/** The samples' queries come out of the same plan and results again: what the first look asked for, the next one finds. */
const sample = async (
  context: StepContext,
  phase: string,
  plan: CheckPlan,
  judged: ResultsDocument,
): Promise<readonly ExpectationResult[] | undefined> => {
  const rows = await queryAll(context, `${phase}-samples`, sampleQueries(plan, judged.results))
  if (!rows) return undefined
  const { results } = await keep(context, phase, 'final', {
    separately: judged.separately,
    results: addSamples(plan, judged.results, rows),
  })
  return results
}

const keep = (
  context: StepContext,
  phase: string,
  state: 'judged' | 'final',
  body: Omit<ResultsDocument, 'version'>,
): Promise<ResultsDocument> =>
  createDocument(context, checksName(context.at, phase, state), resultsDocument, { version: 1, ...body })

const isFailed = (rows: QueryRows): boolean => 'failed' in rows

/** Rows of all queries, or undefined while one is running. A query whose rows are gone is submitted again. */
const queryAll = async (
  context: StepContext,
  round: string,
  queries: readonly NamedQuery[],
): Promise<RowsByName | undefined> => {
  const states = await Promise.all(queries.map((query) => submitOrPoll(context, round, { query, from: 1 })))
  if (states.includes('running')) return undefined
  const entries = await Promise.all(
    queries.map(async (query, index): Promise<readonly [string, QueryRows] | undefined> => {
      const rows = await rowsOf(context, round, query, states[index] ?? 'running')
      return rows && [query.name, rows]
    }),
  )
  return entries.every((entry) => entry !== undefined) ? Object.fromEntries(entries) : undefined
}

type QueryState = 'running' | { readonly doneId: string; readonly attempt: number } | { readonly failed: string }

const rowsOf = async (
  context: StepContext,
  round: string,
  query: NamedQuery,
  found: QueryState,
): Promise<QueryRows | undefined> => {
  for (let state = found; state !== 'running';) {
    if ('failed' in state) return state
    const rows = await fetchRows(context, state.doneId)
    if (rows) return rows
    state = await submitOrPoll(context, round, { query, from: state.attempt + 1 })
  }
  return undefined
}

const jobId = (context: StepContext, round: string, name: string): string =>
  `${jobStem(context.at, hashOf([round]))}-${round}-${name}`

/**
 * The query's ids upward, past those that failed by what may work again (a backend that stumbles says nothing about the data) and those
 * whose rows are gone.
 */
const submitOrPoll = async (
  context: StepContext,
  round: string,
  { query, from }: { readonly query: NamedQuery; readonly from: number },
): Promise<QueryState> => {
  const { warehouse } = context.ports
  const stem = jobId(context, round, query.name)
  const most = context.step.retry.max_attempts
  let failure = 'its rows are gone'
  for (let attempt = from; attempt <= most; attempt++) {
    const id = attempt === 1 ? stem : attemptId(stem, attempt)
    const known = await warehouse.poll(jobRef(context.run, id))
    if (!known) {
      const job = { kind: 'query', query: { dialect: 'native', ...query.sql }, labels: context.labels } as const
      await warehouse.submit(jobRef(context.run, id), job)
      return 'running'
    }
    if (known.state === 'running') return 'running'
    if (known.state === 'done') return { doneId: id, attempt }
    if (!known.failure.retryable) return { failed: known.failure.message }
    failure = known.failure.message
  }
  throw new UnavailableError(`a check could not be run: ${failure}`)
}

const fetchRows = async (context: StepContext, id: string): Promise<QueryRows | undefined> => {
  const rows: (readonly unknown[])[] = []
  let pageToken: string | undefined
  try {
    do {
      const page = await context.ports.warehouse.rows(
        jobRef(context.run, id),
        pageToken === undefined ? {} : { pageToken },
      )
      rows.push(...page.rows)
      pageToken = page.nextPageToken
    } while (pageToken !== undefined)
    return rows
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}
