import { BadExpectation } from './bad-expectation.ts'
import type { Comparing } from './compare.ts'
import { kindOf, numberField, typeText, type Kind, type Operand } from './operand.ts'
import { checkRegex } from './regex.ts'

type Argument = Operand & { readonly literal?: string }
type Define = (args: readonly Argument[], by: Comparing) => Operand

const take = (args: readonly Argument[], kinds: readonly (readonly Kind[])[]): void => {
  if (args.length !== kinds.length)
    throw new BadExpectation(`takes ${kinds.length} argument${kinds.length === 1 ? '' : 's'}, not ${args.length}`)
  kinds.forEach((allowed, index) => {
    const { field } = args[index]!
    if (!allowed.includes(kindOf(field)))
      throw new BadExpectation(`argument ${index + 1} must not be ${typeText(field)}`)
  })
}

const TEXT: readonly Kind[] = ['text']
const NUMBER: readonly Kind[] = ['exact', 'float']

const ofText =
  (name: string): Define =>
  (args) => {
    take(args, [TEXT])
    return { sql: `${name}(${args[0]!.sql})`, field: numberField('STRING') }
  }

const asksText =
  (write: (text: string, other: string) => string): Define =>
  (args) => {
    take(args, [TEXT, TEXT])
    return { sql: write(args[0]!.sql, args[1]!.sql), field: numberField('BOOL') }
  }

const coalesce: Define = (args) => {
  const [first, ...others] = args
  if (!first || others.length === 0) throw new BadExpectation('takes at least two arguments')
  const odd = others.find((one) => kindOf(one.field) !== kindOf(first.field))
  if (odd) throw new BadExpectation(`its arguments are ${typeText(first.field)} and ${typeText(odd.field)}`)
  const scale = args.some((one) => one.field.type === 'NUMERIC')
    ? args.find((one) => one.field.type === 'NUMERIC')!
    : first
  return {
    sql: `COALESCE(${args.map(({ sql }) => sql).join(', ')})`,
    field: { ...scale.field, name: '', mode: 'NULLABLE' },
  }
}

/** What a condition may call: the same answer on both engines, for every value. */
export const FUNCTIONS: Readonly<Record<string, Define>> = {
  LOWER: ofText('LOWER'),
  UPPER: ofText('UPPER'),
  LENGTH: (args) => {
    take(args, [TEXT])
    return { sql: `LENGTH(${args[0]!.sql})`, field: numberField('INT64') }
  },
  ABS: (args) => {
    take(args, [NUMBER])
    return { sql: `ABS(${args[0]!.sql})`, field: { ...args[0]!.field, name: '' } }
  },
  COALESCE: coalesce,
  IFNULL: (args, by) => {
    if (args.length !== 2) throw new BadExpectation(`takes 2 arguments, not ${args.length}`)
    return coalesce(args, by)
  },
  STARTS_WITH: asksText((text, start) => `STARTS_WITH(${text}, ${start})`),
  ENDS_WITH: (args, by) => asksText((text, end) => by.dialect.endsWith(text, end))(args, by),
  REGEXP_CONTAINS: (args, by) => {
    take(args, [TEXT, TEXT])
    const pattern = args[1]!.literal
    if (pattern === undefined) throw new BadExpectation('its pattern must be a literal')
    checkRegex(pattern)
    return { sql: by.dialect.matches(args[0]!.sql, args[1]!.sql), field: numberField('BOOL') }
  },
  SAFE_DIVIDE: (args, by) => {
    take(args, [NUMBER, NUMBER])
    const [a, b] = args.map(({ sql, field }) =>
      field.type === 'FLOAT64' ? sql : `CAST(${sql} AS ${by.dialect.typeName({ type: 'FLOAT64' })})`,
    ) as [string, string]
    return { sql: by.dialect.safeDivide(a, b), field: numberField('FLOAT64') }
  },
}
