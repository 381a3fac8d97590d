import type { NativeSql, QueryParameter } from '@convergence/core/ports/warehouse.ts'
import type { Problem } from '@convergence/core/messages.ts'
import { InternalError } from '@convergence/core/errors.ts'
import { BadExpectation } from './bad-expectation.ts'
import { type Check, type Outcome, type Row } from './check.ts'
import { compileExpectations, type CheckInput, type Compiled } from './compile.ts'
import { DIALECTS } from './dialect.ts'
import { usedIn } from './parameters.ts'
import { errorResult, resultOf, type ExpectationResult } from './results.ts'

/**
 * Data quality in steps that never wait: plan the queries, submit them, judge their rows; then ask for samples of what failed. A plan
 * holds functions: make it again from the same input at each look, it comes out the same.
 */
export interface NamedQuery {
  /** Unique in its plan, and the same each time: names the job. */
  readonly name: string
  readonly sql: NativeSql
}

/** Rows of a query in column order, or why it failed. */
export type QueryRows = readonly Row[] | { readonly failed: string }
export type RowsByName = Readonly<Record<string, QueryRows>>

export interface CheckPlan {
  readonly input: CheckInput
  readonly compiled: readonly Compiled[]
  readonly queries: readonly NamedQuery[]
  /** Results that need no query. */
  readonly immediate: readonly ExpectationResult[]
  /** Of each expectation: its scan, where its measures stand in that, and its own queries. */
  readonly places: readonly Place[]
}

interface Place {
  readonly scan: string
  readonly columns: readonly number[]
  readonly queries: readonly string[]
}

const MAX_SAMPLES = 20

export const planChecks = (input: CheckInput): CheckPlan => {
  const compiled = compileExpectations(input)
  const scans = new Scans(input)
  const places = compiled.map((one, index) => scans.place(one, index))
  return {
    input,
    compiled,
    places,
    queries: scans.queries(compiled),
    immediate: compiled.flatMap((one) => immediateResult(one) ?? []),
  }
}

/** Without a look at the data: what is wrong with the expectation, or a question about the columns. */
const immediateResult = (compiled: Compiled): ExpectationResult | undefined => {
  if ('result' in compiled) return compiled.result
  const { check, given } = compiled
  return check.measures.length + check.queries.length === 0 ? resultOf(given, check.judge([], [])) : undefined
}

/** Collects measures into one scan, each once, and queries, each once. */
class Scans {
  readonly #input: CheckInput
  readonly #scans = new Map<string, Map<string, number>>()
  readonly #queries = new Map<string, string>()

  constructor(input: CheckInput) {
    this.#input = input
  }

  place(compiled: Compiled, index: number): Place {
    const scan = this.#input.separately === true ? `scan_${index}` : 'scan'
    if ('result' in compiled) return { scan, columns: [], queries: [] }
    const { measures, queries } = compiled.check
    return {
      scan,
      columns: measures.map((sql) => this.#measure(scan, sql)),
      queries: queries.map((sql, at) => this.#query(sql, `grouped_${index}_${at}`)),
    }
  }

  #measure(scan: string, sql: string): number {
    const columns = this.#scans.get(scan) ?? new Map<string, number>()
    this.#scans.set(scan, columns)
    const at = columns.get(sql) ?? columns.size
    columns.set(sql, at)
    return at
  }

  #query(sql: string, name: string): string {
    const known = this.#queries.get(sql) ?? name
    this.#queries.set(sql, known)
    return known
  }

  queries(compiled: readonly Compiled[]): NamedQuery[] {
    const parameters = parametersOf(compiled)
    const scans = [...this.#scans].map(([name, columns]) => ({
      name,
      text: `SELECT ${[...columns].map(([sql, at]) => `${sql} AS m${at}`).join(', ')} FROM {{input}}`,
    }))
    const others = [...this.#queries].map(([text, name]) => ({ name, text }))
    return [...scans, ...others].map(({ name, text }) => ({ name, sql: nativeSql(text, this.#input, parameters) }))
  }
}

const parametersOf = (compiled: readonly Compiled[]): QueryParameter[] =>
  compiled.flatMap((one) => ('check' in one ? one.parameters : []))

const nativeSql = (sql: string, { input }: CheckInput, parameters: readonly QueryParameter[]): NativeSql => ({
  sql,
  inputs: { input },
  parameters: usedIn(sql, parameters),
})

export interface Evaluated {
  readonly results: readonly ExpectationResult[]
  /** To be submitted for samples of unexpected values; may be left out. */
  readonly sampleQueries: readonly NamedQuery[]
}

/** One result an expectation, in their order. */
export const evaluateChecks = (plan: CheckPlan, rows: RowsByName): Evaluated => {
  const results = plan.compiled.map((one, index) => immediateResult(one) ?? evaluateOne(one, plan.places[index]!, rows))
  return { results, sampleQueries: sampleQueries(plan, results) }
}

/** Of every expectation with unexpected values; the same for the same plan and results. */
export const sampleQueries = (plan: CheckPlan, results: readonly ExpectationResult[]): NamedQuery[] => {
  const parameters = parametersOf(plan.compiled)
  return results.flatMap((result, index) => {
    const compiled = plan.compiled[index]!
    if (!('check' in compiled) || !compiled.check.samples || !result.unexpectedCount) return []
    const text = compiled.check.samples.sql(
      sampleColumns(plan.input, compiled.check).select,
      plan.input.maxSamples ?? MAX_SAMPLES,
    )
    return [{ name: sampleName(index), sql: nativeSql(text, plan.input, parameters) }]
  })
}

const sampleName = (index: number): string => `samples_${index}`

const evaluateOne = (compiled: Compiled, place: Place, rows: RowsByName): ExpectationResult => {
  if ('result' in compiled) return compiled.result
  const { given, check } = compiled
  const names = [...(place.columns.length > 0 ? [place.scan] : []), ...place.queries]
  const failed = names.map((name) => rows[name]).find((one) => one !== undefined && 'failed' in one)
  if (failed && 'failed' in failed) return errorResult(given, failed.failed)
  const scan = place.columns.length === 0 ? [] : onlyRow(rowsOf(rows, place.scan), place.scan)
  try {
    return resultOf(
      given,
      judged(
        check,
        place.columns.map((at) => scan[at]),
        place.queries.map((name) => rowsOf(rows, name)),
      ),
    )
  } catch (error) {
    if (error instanceof BadExpectation) return errorResult(given, error.message)
    throw error
  }
}

const judged = (check: Check, measures: Row, queries: readonly (readonly Row[])[]): Outcome =>
  check.judge(measures, queries)

/** Throws where a query's rows were not given: nothing found would look like nothing wrong. */
const rowsOf = (rows: RowsByName, name: string): readonly Row[] => {
  const found = rows[name]
  if (found === undefined || 'failed' in found) throw new InternalError(`the rows of the query ${name} are missing`)
  return found
}

const onlyRow = (rows: readonly Row[], name: string): Row => {
  const [row] = rows
  if (!row || rows.length > 1) throw new InternalError(`the query ${name} gave ${rows.length} rows, and gives one`)
  return row
}

/** Values of the checked columns, then those that tell the row. */
const sampleColumns = (input: CheckInput, check: Check): { names: string[]; select: string; own: number } => {
  const own = (check.samples?.columns ?? []).map(({ name }) => name)
  const names = [...new Set([...own, ...(input.idColumns ?? [])])]
  return {
    names,
    select: names.map((name) => DIALECTS[input.dialect].identifier(name)).join(', '),
    own: new Set(own).size,
  }
}

/** The results with the sampled values; the same where a query failed or was left out. */
export const addSamples = (
  plan: CheckPlan,
  results: readonly ExpectationResult[],
  rows: RowsByName,
): ExpectationResult[] =>
  results.map((result, index) => {
    const compiled = plan.compiled[index]!
    const found = rows[sampleName(index)]
    if (found === undefined || 'failed' in found || !('check' in compiled)) return result
    const { names, own } = sampleColumns(plan.input, compiled.check)
    const samples = found.map((row) =>
      names.length === 1 ? row[0] : Object.fromEntries(names.map((name, at) => [name, row[at]])),
    )
    return {
      ...result,
      samples,
      details: own === names.length ? result.details : { ...result.details, id_columns: names.slice(own) },
    }
  })

interface QuarantineRule {
  /** Native SQL over one row; of uniqueness with a window function, so that it must stand in a select list. */
  readonly where: string
  readonly reason: string
  readonly column?: string
}

export interface Verdict {
  /** A critical expectation failed, or could not be checked. */
  readonly stop: boolean
  /** Why it stops; undefined when it goes on. */
  readonly reason: Problem | undefined
  readonly warnings: readonly Problem[]
  /** Rows that leave the table: also of expectations that pass by `mostly`. Empty when no row fails them. */
  readonly quarantineRules: readonly QuarantineRule[]
  readonly quarantineParameters: readonly QueryParameter[]
}

export const verdict = (plan: CheckPlan, results: readonly ExpectationResult[]): Verdict => {
  const bad = results.filter(({ success }) => !success)
  const critical = bad.filter(({ severity }) => severity === 'critical')
  const rules = results.flatMap((result, index) => quarantineRule(plan.compiled[index]!, result))
  const all = parametersOf(plan.compiled)
  return {
    stop: critical.length > 0,
    reason:
      critical.length === 0
        ? undefined
        : {
            code: 'DATA_REJECTED',
            message: `${critical.length} critical expectation${critical.length === 1 ? '' : 's'} failed: ${critical.map(sentence).join('; ')}`,
          },
    warnings: bad
      .filter(({ severity }) => severity === 'warning')
      .map((result) => ({ code: 'EXPECTATION_FAILED', message: sentence(result) })),
    quarantineRules: rules,
    quarantineParameters: usedIn(rules.map(({ where }) => where).join(' '), all),
  }
}

const sentence = ({ expectationType, message }: ExpectationResult): string => `${expectationType}: ${message}`

const quarantineRule = (
  compiled: Compiled,
  { unexpectedCount, expectationType }: ExpectationResult,
): QuarantineRule[] => {
  if (
    !('check' in compiled) ||
    compiled.given.quarantine !== true ||
    !unexpectedCount ||
    compiled.check.failing === undefined
  )
    return []
  const columns = compiled.check.samples?.columns ?? []
  const rule = {
    where: compiled.check.failing,
    reason: `${expectationType} (${columns.map(({ name }) => name).join(', ')})`,
  }
  return [columns.length === 1 ? { ...rule, column: columns[0]!.name } : rule]
}
