import { quoteString } from '../sql-text.ts'
import { args, constantString, type Call, type FunctionTable, type Handler } from './function-table.ts'

/** Both engines are RE2; the expression must be constant, since its number of groups decides what is extracted. */
const readPattern = (call: Call): { text: string; groups: number } => {
  const pattern = constantString(call, 1)
  // Escaped characters and character classes first, so that what is left of parentheses are groups.
  const bare = pattern.replace(/\\Q[\s\S]*?(?:\\E|$)|\\[\s\S]|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]/g, '')
  const groups = [...bare.matchAll(/\((?!\?)|\(\?P?<[A-Za-z_]/g)].length
  return { text: quoteString(pattern), groups }
}

/** At most one group: it is the answer, or the whole match is. */
const extractGroup = (call: Call): { pattern: string; group: number } => {
  const { text, groups } = readPattern(call)
  if (groups > 1) call.refuse(`${call.name} takes a regular expression with at most one group`)
  return { pattern: text, group: groups }
}

const extract: Handler = (call) => {
  const [text = ''] = args(call, 2)
  const { pattern, group } = extractGroup(call)
  return { sql: `gsql.regexp_extract_or_null(${text}, ${pattern}, ${group})`, type: 'STRING' }
}

export const REGEXP_FUNCTIONS: FunctionTable = {
  REGEXP_CONTAINS: (call) => {
    const [text = ''] = args(call, 2)
    return { sql: `regexp_matches(${text}, ${readPattern(call).text})`, type: 'BOOL' }
  },
  REGEXP_EXTRACT: extract,
  REGEXP_SUBSTR: extract,
  REGEXP_EXTRACT_ALL: (call) => {
    const [text = ''] = args(call, 2)
    const { pattern, group } = extractGroup(call)
    return { sql: `regexp_extract_all(${text}, ${pattern}, ${group})` }
  },
  REGEXP_REPLACE: (call) => {
    const [text = '', , replacement = ''] = args(call, 3)
    const { text: pattern, groups } = readPattern(call)
    const used = [...constantString(call, 2).matchAll(/\\(.?)/g)].map(([, digit = '']) => digit)
    if (used.some((digit) => !/[0-9\\]/.test(digit) || Number(digit) > groups))
      return call.refuse('REGEXP_REPLACE takes \\0 to \\9, up to its number of groups, in the replacement')
    return { sql: `regexp_replace(${text}, ${pattern}, ${replacement}, 'g')`, type: 'STRING' }
  },
}
