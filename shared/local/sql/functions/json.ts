import { macro, quoteString } from '../sql-text.ts'
import { constantString, type Call, type FunctionTable, type Handler } from './function-table.ts'

const PATH = /^\$(?:\.[A-Za-z_][A-Za-z0-9_]*|\[\d{1,9}\])*$/

/** `$.a.b[0]`; other forms mean different things to the two engines. */
const path = (call: Call, index: number): string => {
  const text = call.nodes.length > index ? constantString(call, index) : '$'
  if (!PATH.test(text))
    return call.refuse(
      `the JSON path ${text} is not available in the embedded warehouse: use names of letters, digits and _ and indexes, like $.a.b[0]`,
    )
  return quoteString(text)
}

const scalar: Handler = (call) => ({ sql: macro('json_scalar', call.arg(0).sql, path(call, 1)), type: 'STRING' })

export const JSON_FUNCTIONS: FunctionTable = {
  JSON_VALUE: scalar,
  JSON_EXTRACT_SCALAR: scalar,
  PARSE_JSON: (call) => ({ sql: `CAST(${call.arg(0).sql} AS JSON)`, type: 'JSON' }),
}
