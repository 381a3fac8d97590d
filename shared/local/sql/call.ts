import { compileExpression } from './expression.ts'
import { ARRAY_FUNCTIONS } from './functions/array.ts'
import { CONDITIONAL_FUNCTIONS } from './functions/conditional.ts'
import { DATE_FUNCTIONS } from './functions/date.ts'
import type { Call, FunctionTable } from './functions/function-table.ts'
import { JSON_FUNCTIONS } from './functions/json.ts'
import { MATH_FUNCTIONS } from './functions/math.ts'
import { REGEXP_FUNCTIONS } from './functions/regexp.ts'
import { STRING_FUNCTIONS } from './functions/string.ts'
import { isAbsent, listOf, type Body } from './node.ts'
import { title, type Expr, type Translation } from './translation.ts'

/** The allow-list: a function that is not here is refused. */
const FUNCTIONS: FunctionTable = {
  ...ARRAY_FUNCTIONS,
  ...CONDITIONAL_FUNCTIONS,
  ...DATE_FUNCTIONS,
  ...JSON_FUNCTIONS,
  ...MATH_FUNCTIONS,
  ...REGEXP_FUNCTIONS,
  ...STRING_FUNCTIONS,
}

/** Functions for which the parser has nodes of their own: their names and, in order, their arguments. */
const TYPED: Readonly<Record<string, readonly [name: string, ...args: string[]]>> = {
  coalesce: ['COALESCE', 'expressions'],
  safe_divide: ['SAFE_DIVIDE', 'this', 'expression'],
  mod_func: ['MOD', 'this', 'expression'],
  abs: ['ABS', 'this'],
  round: ['ROUND', 'this', 'decimals'],
  ceil: ['CEIL', 'this'],
  floor: ['FLOOR', 'this'],
  power: ['POW', 'this', 'expression'],
  sqrt: ['SQRT', 'this'],
  exp: ['EXP', 'this'],
  ln: ['LN', 'this'],
  log: ['LOG', 'this', 'base'],
  substring: ['SUBSTR', 'this', 'start', 'length'],
  length: ['LENGTH', 'this'],
  upper: ['UPPER', 'this'],
  lower: ['LOWER', 'this'],
  trim: ['TRIM', 'this', 'characters'],
  starts_with: ['STARTS_WITH', 'this', 'expression'],
  ends_with: ['ENDS_WITH', 'this', 'expression'],
  str_position: ['STRPOS', 'this', 'substr'],
  initcap: ['INITCAP', 'this'],
  array_length: ['ARRAY_LENGTH', 'this'],
  array_reverse: ['ARRAY_REVERSE', 'this'],
  last_day: ['LAST_DAY', 'this', 'unit'],
  timestamp: ['TIMESTAMP', 'this', 'zone'],
  extract: ['EXTRACT', 'this', 'field'],
  json_value: ['JSON_VALUE', 'this', 'path'],
  json_extract_scalar: ['JSON_EXTRACT_SCALAR', 'this', 'path'],
  parse_json: ['PARSE_JSON', 'this'],
}

/** Keys of those nodes that only say how the call was written. */
const HARMLESS = ['name', 'with_tz', 'position']

export const isCall = (kind: string): boolean => kind === 'function' || Object.hasOwn(TYPED, kind)

export const compileCall = (translation: Translation, kind: string, body: Body): Expr => {
  const { name, nodes } = readCall(translation, kind, body)
  const handler = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
  if (!handler)
    return translation.refuse(body, `function ${name} is not available in the embedded warehouse`, name.split('.')[0])
  const compiled = new Map<number, Expr>()
  const call: Call = {
    translation,
    name,
    nodes,
    arg: (index) => {
      const known = compiled.get(index)
      if (known) return known
      if (index >= nodes.length) return call.refuse(`${name} needs more arguments than ${nodes.length}`)
      const value = compileExpression(translation, nodes[index])
      compiled.set(index, value)
      return value
    },
    refuse: (message) => translation.refuse(body, message, name),
  }
  return handler(call)
}

const readCall = (translation: Translation, kind: string, body: Body): { name: string; nodes: unknown[] } => {
  const typed = TYPED[kind]
  if (!typed) {
    const { name, args } = translation.read(String(body.name).toUpperCase(), body, ['name', 'args', 'no_parens'])
    return { name: String(name).toUpperCase(), nodes: listOf(args) }
  }
  const [name, ...keys] = typed
  const read = translation.read(name, body, [...keys, ...HARMLESS])
  if (kind === 'trim' && read.position !== 'Both')
    return translation.refuse(
      body,
      `${title(String(read.position))} in TRIM is not available in the embedded warehouse`,
      'TRIM',
    )
  return {
    name,
    nodes: keys
      .flatMap((key) => (Array.isArray(read[key]) ? read[key] : [read[key]]))
      .filter((node) => !isAbsent(node)),
  }
}
