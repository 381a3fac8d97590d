import { unify } from '../arithmetic.ts'
import { args, type FunctionTable, type Handler } from './function-table.ts'
import { compileArrayQuery } from '../query.ts'
import { packFields, structFields } from '../structure.ts'

const unified =
  (name: string): Handler =>
  (call) => {
    const { values, type, checked } = unify(call.nodes.map((_, index) => call.arg(index)))
    return { sql: `${name}(${values.join(', ')})`, type, checked }
  }

/** DuckDB's GREATEST and LEAST skip NULL. */
const nullable =
  (name: string): Handler =>
  (call) => {
    const { values, type } = unify(call.nodes.map((_, index) => call.arg(index)))
    const anyNull = values.map((value) => `${value} IS NULL`).join(' OR ')
    return { sql: `(CASE WHEN ${anyNull} THEN NULL ELSE ${name}(${values.join(', ')}) END)`, type }
  }

export const CONDITIONAL_FUNCTIONS: FunctionTable = {
  COALESCE: unified('coalesce'),
  NULLIF: (call) => {
    const [a, b] = unify([call.arg(0), call.arg(1)]).values
    return { sql: `nullif(${a}, ${b})`, type: call.arg(0).type }
  },
  GREATEST: nullable('greatest'),
  LEAST: nullable('least'),
  ERROR: (call) => ({ sql: `error(${args(call, 1).join('')})` }),
  STRUCT: (call) => ({ sql: packFields(structFields(call.translation, call.nodes, call.nodes)) }),
  ARRAY: (call) =>
    compileArrayQuery(
      call.translation,
      call.nodes.length === 1 ? call.nodes[0] : call.refuse('ARRAY takes one SELECT'),
    ),
  GROUPING: (call) => ({ sql: `grouping(${args(call, 1).join('')})`, type: 'INT64' }),
}
