import type { Outcome } from './check.ts'

type Severity = 'critical' | 'warning' | 'info'

/** One expectation as a rules file has it, perhaps not yet checked: what is wrong with it becomes its own result. */
export interface GivenExpectation {
  readonly expectation_type: string
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly severity: Severity
  readonly quarantine?: boolean | undefined
}

export interface ExpectationResult {
  readonly expectationType: string
  /** As they were given. */
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly severity: Severity
  readonly success: boolean
  /** `error`: it could not be checked, by its own fault or the engine's. */
  readonly status: 'passed' | 'failed' | 'error'
  readonly observedValue: unknown
  readonly elementCount: number | null
  readonly unexpectedCount: number | null
  /** Of the elements that are not missing, 0 to 100. */
  readonly unexpectedPercent: number | null
  readonly missingCount: number | null
  /** Unexpected values: of one column the value, of several an object. Numbers as the warehouse's rows have them: INT64 and NUMERIC as text. */
  readonly samples: readonly unknown[]
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
}

const given = (expectation: GivenExpectation) => ({
  expectationType: expectation.expectation_type,
  kwargs: expectation.kwargs,
  severity: expectation.severity,
})

export const errorResult = (expectation: GivenExpectation, message: string): ExpectationResult => ({
  ...given(expectation),
  success: false,
  status: 'error',
  observedValue: null,
  elementCount: null,
  unexpectedCount: null,
  unexpectedPercent: null,
  missingCount: null,
  samples: [],
  message,
  details: {},
})

export const resultOf = (expectation: GivenExpectation, outcome: Outcome): ExpectationResult => ({
  ...given(expectation),
  success: outcome.success,
  status: outcome.success ? 'passed' : 'failed',
  observedValue: outcome.observedValue ?? null,
  elementCount: outcome.elementCount ?? null,
  unexpectedCount: outcome.unexpectedCount ?? null,
  unexpectedPercent: unexpectedPercent(outcome),
  missingCount: outcome.missingCount ?? null,
  samples: [],
  message: outcome.message,
  details: outcome.details ?? {},
})

const unexpectedPercent = ({ elementCount, missingCount, unexpectedCount }: Outcome): number | null => {
  if (elementCount === undefined || unexpectedCount === undefined) return null
  const looked = elementCount - (missingCount ?? 0)
  return looked === 0 ? 0 : (unexpectedCount / looked) * 100
}
