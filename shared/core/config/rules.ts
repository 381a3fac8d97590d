import { z } from 'zod'
import {
  EXPECTATION_KWARGS,
  EXPECTATION_TYPES,
  ROW_EXPECTATIONS,
  type ExpectationKwargs,
  type ExpectationType,
} from './expectation-types.ts'
import { description, id, notYet, tableRef } from './fields.ts'

/** `configs/{tenant}/dq_rules/{id}.yml`. */
interface ExpectationOf<T extends ExpectationType> {
  readonly expectation_type: T
  readonly kwargs: ExpectationKwargs<T>
  readonly description?: string | undefined
  /** critical stops, warning continues and tells, info records. */
  readonly severity: 'critical' | 'warning' | 'info'
  /** The failing rows leave the table for quarantine. */
  readonly quarantine: boolean
}
export type Expectation = { [T in ExpectationType]: ExpectationOf<T> }[ExpectationType]

const variant = (type: ExpectationType) =>
  z
    .strictObject({
      expectation_type: z.literal(type),
      kwargs: EXPECTATION_KWARGS[type],
      description,
      severity: z.enum(['critical', 'warning', 'info']).default('critical'),
      quarantine: z.boolean().default(false),
    })
    .refine((one) => !one.quarantine || ROW_EXPECTATIONS.has(type), {
      path: ['quarantine'],
      message: 'this expectation is about the whole column or table: it has no failing rows to quarantine',
    })

const [first, ...others] = EXPECTATION_TYPES.map(variant)

const expectation = z.discriminatedUnion('expectation_type', [first!, ...others], {
  error: ({ input }) => {
    const given = (input as { expectation_type?: unknown } | null)?.expectation_type
    return given === undefined ? 'is missing' : 'is not one of the supported expectations'
  },
}) as unknown as z.ZodType<Expectation>

export const rulesSchema = z.strictObject({
  rules_id: id,
  description,
  /** For `convergence dq check`, and for steps that name none. */
  table: tableRef.optional(),
  expectations: z.array(expectation).min(1, 'needs at least one expectation').max(500),
  freshness: notYet(),
  volume: notYet(),
})
export type Rules = z.output<typeof rulesSchema>
