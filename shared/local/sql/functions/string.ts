import { guarded } from '../arithmetic.ts'
import { macro, quoteString } from '../sql-text.ts'
import type { Expr } from '../translation.ts'
import { args, byMacro, constantString, type FunctionTable, type Handler } from './function-table.ts'

/** What GoogleSQL's TRIM removes: White_Space of Unicode; DuckDB's removes spaces only. */
const BLANKS = quoteString(
  '\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000',
)

const trim =
  (name: string): Handler =>
  (call) => {
    const [text = '', characters = BLANKS] = args(call, 1, 2)
    return { sql: `${name}(${text}, ${characters})`, type: 'STRING' }
  }

const SPECIFIER = /%(?:%|([-+0 ]?\d*(?:\.\d+)?)([a-zA-Z])|.)/g

/** FORMAT with `%d %s %f %x %X %%`: NULL where an argument is NULL. */
const format: Handler = (call) => {
  const text = constantString(call, 0)
  const specifiers = [...text.matchAll(SPECIFIER)].filter(([all]) => all !== '%%')
  const values = call.nodes.slice(1).map((_, index) => call.arg(index + 1).sql)
  if (values.length !== specifiers.length)
    return call.refuse(`FORMAT has ${specifiers.length} places and ${values.length} values`)
  const casts = specifiers.map(([all, , letter = ''], index) => {
    const macros: Readonly<Record<string, string>> = {
      d: 'only_int',
      x: 'only_int',
      X: 'only_int',
      s: 'only_string',
      f: 'only_float',
    }
    return `gsql.${macros[letter] ?? call.refuse(`${all} in FORMAT is not available in the embedded warehouse`)}(${values[index]})`
  })
  if (values.length === 0) return { sql: quoteString(text.replaceAll('%%', '%')), type: 'STRING' }
  const anyNull = values.map((value) => `${value} IS NULL`).join(' OR ')
  return {
    sql: `(CASE WHEN ${anyNull} THEN NULL ELSE printf(${[quoteString(text), ...casts].join(', ')}) END)`,
    type: 'STRING',
  }
}

/** CONCAT prints dates and numbers; BYTES stay what they are. */
const part = (value: Expr): string =>
  value.type === 'STRING' || value.isNull ? value.sql : `gsql.concatenated(${guarded(value)})`

const concat: Handler = (call) => ({
  sql: `(${call.nodes.map((_, index) => part(call.arg(index))).join(' || ')})`,
  type: call.nodes.some((_, index) => call.arg(index).type === 'STRING') ? 'STRING' : undefined,
})

export const STRING_FUNCTIONS: FunctionTable = {
  CONCAT: concat,
  FORMAT: format,
  LENGTH: byMacro('length_of', 'INT64', 1),
  CHAR_LENGTH: byMacro('length_of', 'INT64', 1),
  BYTE_LENGTH: byMacro('byte_length', 'INT64', 1),
  OCTET_LENGTH: byMacro('byte_length', 'INT64', 1),
  UPPER: byMacro('upper_of', 'STRING', 1),
  LOWER: byMacro('lower_of', 'STRING', 1),
  INITCAP: byMacro('initcap', 'STRING', 1),
  TRIM: trim('trim'),
  LTRIM: trim('ltrim'),
  RTRIM: trim('rtrim'),
  REPLACE: byMacro('replace_all', 'STRING', 3),
  REVERSE: byMacro('reverse_of', 'STRING', 1),
  REPEAT: byMacro('repeat_text', 'STRING', 2),
  LPAD: (call) => byMacro(call.nodes.length === 2 ? 'lpad_blank' : 'lpad_text', 'STRING', 2, 3)(call),
  RPAD: (call) => byMacro(call.nodes.length === 2 ? 'rpad_blank' : 'rpad_text', 'STRING', 2, 3)(call),
  LEFT: byMacro('left_of', 'STRING', 2),
  RIGHT: byMacro('right_of', 'STRING', 2),
  SUBSTR: (call) => byMacro(call.nodes.length === 2 ? 'substr_from' : 'substr_part', 'STRING', 2, 3)(call),
  STARTS_WITH: byMacro('starts_with_of', 'BOOL', 2),
  ENDS_WITH: byMacro('ends_with_of', 'BOOL', 2),
  STRPOS: byMacro('position_of', 'INT64', 2),
  SPLIT: (call) => {
    const [text = '', separator = "','"] = args(call, 1, 2)
    return { sql: macro('split_text', text, separator) }
  },
  ASCII: byMacro('ascii_of', 'INT64', 1),
  TO_HEX: byMacro('to_hex', 'STRING', 1),
  FROM_HEX: byMacro('from_hex_text', 'BYTES', 1),
  TO_BASE64: byMacro('to_base64_text', 'STRING', 1),
  MD5: byMacro('md5_bytes', 'BYTES', 1),
  SHA1: byMacro('sha1_bytes', 'BYTES', 1),
  SHA256: byMacro('sha256_bytes', 'BYTES', 1),
}
