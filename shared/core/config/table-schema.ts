import { z } from 'zod'
import { COLUMN_NAME_PATTERN } from '../ids.ts'
import { PLATFORM_FIELD_NAMES, type Field, type TableSchema } from '../table.ts'
import { decimalProblem, FIELD_TYPE_NAMES, fieldType } from './column-type.ts'
import { notYet } from './fields.ts'
import { didYouMean } from './suggest.ts'

/** `configs/{tenant}/schemas/{id}.json`: BigQuery's JSON table schema, as `bq show --schema` prints it; legacy type names too. */
const digits = z.union([z.int().min(0), z.string().regex(/^\d{1,2}$/)], 'must be a whole number').transform(Number)

const typeName = z.string().transform((name, context) => {
  const type = fieldType(name.toUpperCase())
  if (type) return type
  context.addIssue({
    code: 'custom',
    message: `unknown type ${name}${didYouMean(name.toUpperCase(), FIELD_TYPE_NAMES)}`,
  })
  return z.NEVER
})

const field = z.strictObject({
  name: z
    .string()
    .regex(COLUMN_NAME_PATTERN, 'must be a column name: letters, digits and _, at most 300, not starting with a digit'),
  type: typeName,
  mode: z.enum(['NULLABLE', 'REQUIRED', 'REPEATED']).default('NULLABLE'),
  description: z.string().max(1_024).optional(),
  precision: digits.optional(),
  scale: digits.optional(),
  /** Of a STRUCT. */
  get fields(): z.ZodOptional<z.ZodArray<typeof field>> {
    return z.array(field).min(1).optional()
  },
  policyTags: notYet(),
  maxLength: notYet(),
  defaultValueExpression: notYet(),
  collation: notYet(),
  roundingMode: notYet(),
})

type Report = (path: (string | number)[], message: string) => void

/** BigQuery's own limit. */
const MAX_DEPTH = 15

const checkFields = (fields: readonly Field[], path: (string | number)[], report: Report): void => {
  const seen = new Map<string, string>()
  for (const [index, one] of fields.entries()) {
    const at = [...path, index]
    const other = seen.get(one.name.toLowerCase())
    if (other !== undefined)
      report(
        [...at, 'name'],
        other === one.name
          ? `column ${one.name} is there twice`
          : `columns ${other} and ${one.name} differ by case only`,
      )
    seen.set(one.name.toLowerCase(), one.name)
    if (path.length === 0 && PLATFORM_FIELD_NAMES.has(one.name.toLowerCase()))
      report([...at, 'name'], `${one.name} is a column of the platform: leave it out`)
    checkField(one, at, report)
  }
}

const checkField = (one: Field, at: (string | number)[], report: Report): void => {
  if (one.precision !== undefined || one.scale !== undefined) {
    const problem =
      one.precision === undefined
        ? 'a scale needs a precision'
        : decimalProblem(one.type, one.precision, one.scale ?? 0)
    if (problem) report([...at, one.precision === undefined ? 'scale' : 'precision'], problem)
  }
  if (one.type !== 'STRUCT' && one.fields)
    report([...at, 'fields'], `${one.type} has no fields: only STRUCT (RECORD) has`)
  if (one.type === 'STRUCT' && !one.fields) report(at, 'a STRUCT (RECORD) needs fields')
  if (at.length / 2 >= MAX_DEPTH) report(at, `is nested deeper than ${MAX_DEPTH} levels`)
  else if (one.fields) checkFields(one.fields, [...at, 'fields'], report)
}

export const tableSchemaFile = z
  .array(field, 'must be a list of columns, as `bq show --schema` prints it')
  .min(1, 'needs at least one column')
  .superRefine((fields, context) =>
    checkFields(fields, [], (path, message) => context.addIssue({ code: 'custom', path, message })),
  )
  // A scale that is left out is 0 once there is a precision.
  .transform((fields): TableSchema => fields.map(withScale))

const withScale = (one: Field): Field => ({
  ...one,
  ...(one.precision !== undefined && { scale: one.scale ?? 0 }),
  ...(one.fields && { fields: one.fields.map(withScale) }),
})
