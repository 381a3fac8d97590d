import { macro } from '../sql-text.ts'
import type { Type } from '../translation.ts'
import { numbers, type Call, type FunctionTable, type Handler } from './function-table.ts'

/** Macros answer INT64, FLOAT64 or NUMERIC as their arguments are. */
const numeric =
  (name: string, ...counts: readonly number[]): Handler =>
  (call) => ({ sql: macro(name, ...numbers(call, ...counts)), type: keptType(call), checked: true })

const keptType = (call: Call): Type | undefined => {
  const types = call.nodes.map((_, index) => call.arg(index).type)
  return types.every((type) => type === types[0]) ? types[0] : undefined
}

const floating =
  (name: string, ...counts: readonly number[]): Handler =>
  (call) => ({
    sql: macro(name, ...numbers(call, ...counts).map((value) => `gsql.only_float(${value})`)),
    type: 'FLOAT64',
  })

/** Second argument: how many digits, a whole number. */
const rounded =
  (name: string): Handler =>
  (call) => {
    const [value = '', digits] = numbers(call, 1, 2)
    const { type } = call.arg(0)
    return {
      sql: digits === undefined ? macro(name, value) : macro(`${name}_to`, value, digits),
      type: type === 'INT64' ? 'FLOAT64' : type,
      checked: true,
    }
  }

export const MATH_FUNCTIONS: FunctionTable = {
  ABS: numeric('abs_of', 1),
  SIGN: numeric('sign_of', 1),
  ROUND: rounded('round'),
  TRUNC: rounded('trunc'),
  CEIL: rounded('ceil'),
  FLOOR: rounded('floor'),
  MOD: numeric('modulo', 2),
  DIV: numeric('div', 2),
  SAFE_DIVIDE: (call) => ({ sql: macro('safe_divide', ...numbers(call, 2)), checked: true }),
  IEEE_DIVIDE: (call) => ({
    sql: macro('ieee_divide', ...numbers(call, 2).map((value) => `gsql.only_float(${value})`)),
    type: 'FLOAT64',
  }),
  SQRT: floating('square_root', 1),
  EXP: floating('exponential', 1),
  LN: floating('natural_log', 1),
  LOG10: floating('log_ten', 1),
  LOG: (call) => floating(call.nodes.length === 1 ? 'natural_log' : 'log_base', 1, 2)(call),
  POW: floating('power', 2),
  POWER: floating('power', 2),
  IS_NAN: (call) => ({
    sql: `isnan(${numbers(call, 1)
      .map((value) => `gsql.only_float(${value})`)
      .join('')})`,
    type: 'BOOL',
  }),
  IS_INF: (call) => ({
    sql: `isinf(${numbers(call, 1)
      .map((value) => `gsql.only_float(${value})`)
      .join('')})`,
    type: 'BOOL',
  }),
}
