import { EXPECTATION_KWARGS, EXPECTATION_TYPES, isExpectationType } from '@convergence/core/config/expectation-types.ts'
import { didYouMean } from '@convergence/core/config/suggest.ts'
import type { QueryParameter, Relation } from '@convergence/core/ports/warehouse.ts'
import type { TableSchema } from '@convergence/core/table.ts'
import { BadExpectation } from './bad-expectation.ts'
import type { Check, CheckContext } from './check.ts'
import { CHECKS } from './checks/index.ts'
import { compileCondition } from './conditions.ts'
import { DIALECTS, type Dialect } from './dialect.ts'
import { createParameters } from './parameters.ts'
import { errorResult, type ExpectationResult, type GivenExpectation } from './results.ts'

export interface CheckInput {
  readonly expectations: readonly GivenExpectation[]
  readonly schema: TableSchema
  readonly dialect: Dialect['name']
  /** The rows to look at: stands as `{{input}}` in every query. */
  readonly input: Relation
  /** Columns that samples show beside the values, to find the rows by. */
  readonly idColumns?: readonly string[] | undefined
  /** Default 20. */
  readonly maxSamples?: number | undefined
  /** A scan for each expectation: asked for after the scan of all failed, so that only those fail that cannot run. */
  readonly separately?: boolean | undefined
}

/** An expectation with its SQL, or the result that it has already. */
export type Compiled =
  | { readonly given: GivenExpectation; readonly check: Check; readonly parameters: readonly QueryParameter[] }
  | { readonly given: GivenExpectation; readonly result: ExpectationResult }

export const compileExpectations = ({
  expectations,
  schema,
  dialect,
}: Pick<CheckInput, 'expectations' | 'schema' | 'dialect'>): Compiled[] =>
  expectations.map((given, index) => compileOne(given, `e${index}`, { schema, dialect: DIALECTS[dialect] }))

const compileOne = (
  given: GivenExpectation,
  prefix: string,
  at: { schema: TableSchema; dialect: Dialect },
): Compiled => {
  try {
    const parameters = createParameters(at.dialect, prefix)
    const check = checkOf(given, { ...at, parameters, tolerant: true, condition: undefined })
    return { given, check, parameters: parameters.all }
  } catch (error) {
    if (error instanceof BadExpectation) return { given, result: errorResult(given, error.message) }
    throw error
  }
}

const checkOf = (given: GivenExpectation, context: CheckContext): Check => {
  const { expectation_type: type } = given
  if (!isExpectationType(type))
    throw new BadExpectation(`${type} is not supported${didYouMean(type, EXPECTATION_TYPES)}`)
  const parsed = EXPECTATION_KWARGS[type].safeParse(given.kwargs)
  if (!parsed.success)
    throw new BadExpectation(
      parsed.error.issues
        .map(({ path, message }) => `kwargs${path.map((one) => `.${String(one)}`).join('')}: ${message}`)
        .join('; '),
    )
  const { row_condition: text } = parsed.data as { row_condition?: string }
  const condition = text === undefined ? undefined : compileCondition(text, context)
  // The types of a check and of its kwargs belong together by their key.
  const check = (CHECKS[type] as (context: CheckContext, kwargs: unknown) => Check)(
    { ...context, condition },
    parsed.data,
  )
  if (given.quarantine && check.failing === undefined)
    throw new BadExpectation('quarantine: this expectation does not tell failing rows one by one')
  return check
}
