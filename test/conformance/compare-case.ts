import type { ExpectationResult } from '@convergence/pipeline/dq/results.ts'

/** A case of the file, as its README describes it. */
export interface Case {
  readonly id: number
  readonly expectation: string
  readonly title: string
  readonly data: Readonly<Record<string, readonly unknown[]>>
  readonly schema: Readonly<Record<string, string>>
  readonly duckdb_schema: Readonly<Record<string, string>>
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly row_condition_sql?: string
  readonly expected: Readonly<Record<string, unknown>>
}

/** Keys of the origin's own making, that say nothing about the data: its error texts and its notes about Python types. */
const NOT_COMPARED = new Set(['message_substring', 'tolerance', 'partial_unexpected_counts_error'])

const FLOAT_TOLERANCE = 1e-9

/** What differs, one line each; empty when every key of `expected` matches. */
export const differences = ({ expected, data, kwargs }: Case, result: ExpectationResult): string[] => {
  if (expected['raises'] === true)
    return result.status === 'error' ? [] : [`raises: expected an error, got ${result.status}`]
  const tolerance = typeof expected['tolerance'] === 'number' ? expected['tolerance'] : FLOAT_TOLERANCE
  const actual = viewOf(result, kwargs, Object.keys(data))
  return compareKeys(expected, actual, tolerance)
}

const compareKeys = (
  expected: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
  tolerance: number,
): string[] =>
  Object.entries(expected)
    .filter(([key]) => !NOT_COMPARED.has(key))
    .flatMap(([key, wanted]) => {
      if (key === 'result' || (key === 'details' && isObject(actual[key]) && isObject(wanted)))
        return compareKeys(wanted as Record<string, unknown>, (actual[key] ?? {}) as Record<string, unknown>, tolerance)
      const same = AS_SETS.has(key) ? sameSet(wanted, actual[key], tolerance) : isSame(wanted, actual[key], tolerance)
      return same ? [] : [`${key}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(actual[key])}`]
    })

const AS_SETS = new Set(['unexpected_list', 'unexpected_index_list', 'partial_unexpected_list'])

/** The result in the words of the cases. */
const viewOf = (
  result: ExpectationResult,
  kwargs: Case['kwargs'],
  columns: readonly string[],
): Record<string, unknown> => {
  const names = [
    kwargs['column'],
    kwargs['column_A'],
    kwargs['column_B'],
    ...((kwargs['column_list'] as string[] | undefined) ?? []),
  ].filter((name) => name !== undefined) as string[]
  const rows = result.samples.map((sample) =>
    isObject(sample) && names.every((name) => name in sample) ? sample : { [names[0] ?? columns[0]!]: sample },
  )
  const unexpected = rows.map((row) => listed(row, kwargs))
  const elements = result.elementCount ?? 0
  const missing = result.missingCount ?? 0
  const counts = {
    element_count: result.elementCount,
    missing_count: result.missingCount,
    missing_percent: percent(missing, elements),
    unexpected_count: result.unexpectedCount,
    unexpected_percent: result.unexpectedPercent,
    unexpected_percent_nonmissing: result.unexpectedPercent,
    unexpected_percent_total: percent(result.unexpectedCount ?? 0, elements),
  }
  const lists = {
    unexpected_list: unexpected,
    partial_unexpected_list: unexpected,
    unexpected_index_list: rows,
    partial_unexpected_index_list: rows,
  }
  const common = {
    success: result.success,
    observed_value: result.observedValue,
    details: result.details,
    ...result.details,
    ...counts,
    ...lists,
  }
  return { ...common, result: common }
}

const percent = (part: number, whole: number): number => (whole === 0 ? 0 : (part / whole) * 100)

/** One column: the value; a pair: both in a list; several: an object. */
const listed = (row: Readonly<Record<string, unknown>>, kwargs: Case['kwargs']): unknown => {
  if (kwargs['column'] !== undefined) return row[kwargs['column'] as string]
  if (kwargs['column_A'] !== undefined) return [row[kwargs['column_A'] as string], row[kwargs['column_B'] as string]]
  return Object.fromEntries((kwargs['column_list'] as string[]).map((name) => [name, row[name]]))
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isSame = (wanted: unknown, actual: unknown, tolerance: number): boolean => {
  if (typeof wanted === 'number')
    return (
      typeof actual !== 'boolean' && actual !== null && actual !== undefined && near(wanted, Number(actual), tolerance)
    )
  if (typeof wanted === 'string')
    return typeof actual === 'string' && (wanted === actual || isoLike(wanted) === isoLike(actual))
  if (Array.isArray(wanted))
    return (
      Array.isArray(actual) &&
      wanted.length === actual.length &&
      wanted.every((one, index) => isSame(one, actual[index], tolerance))
    )
  if (isObject(wanted)) {
    if (!isObject(actual)) return false
    const keys = new Set([...Object.keys(wanted), ...Object.keys(actual)])
    return [...keys].every((key) => isSame(wanted[key], actual[key], tolerance))
  }
  return wanted === (actual ?? null)
}

/** Relative; a tolerance that the case states is absolute too. */
const near = (a: number, b: number, tolerance: number): boolean =>
  a === b || Math.abs(a - b) <= tolerance * Math.max(tolerance === FLOAT_TOLERANCE ? 0 : 1, Math.abs(a), Math.abs(b))

/** Dates and times are written with a blank or a T. */
const isoLike = (text: string): string => text.replace(/^(\d{4}-\d{2}-\d{2}) (\d)/, '$1T$2')

const sameSet = (wanted: unknown, actual: unknown, tolerance: number): boolean => {
  if (!Array.isArray(wanted) || !Array.isArray(actual) || wanted.length !== actual.length) return false
  const left = [...actual] as unknown[]
  return wanted.every((one) => {
    const at = left.findIndex((other) => isSame(one, other, tolerance))
    if (at !== -1) left.splice(at, 1)
    return at !== -1
  })
}
