import { readInterval } from '../interval.ts'
import { isNode } from '../node.ts'
import { macro } from '../sql-text.ts'
import { args, byMacro, same, type FunctionTable, type Handler } from './function-table.ts'

const MONTHS: Readonly<Record<string, number>> = { MONTH: 1, QUARTER: 3, YEAR: 12 }
const DAYS: Readonly<Record<string, number>> = { DAY: 1, WEEK: 7 }

/** Months are counted from the first day, so that the 31st comes again after a short month. */
const dates: Handler = (call) => {
  const [node] = call.nodes.slice(2)
  if (call.nodes.length > 3) return call.refuse('GENERATE_DATE_ARRAY takes two or three arguments')
  const from = call.arg(0).string === undefined ? call.arg(0).sql : `DATE ${call.arg(0).sql}`
  const to = call.arg(1).string === undefined ? call.arg(1).sql : `DATE ${call.arg(1).sql}`
  if (node === undefined) return { sql: macro('date_array_days', from, to, '1') }
  const interval = isNode(node) && isNode(node.interval) ? readInterval(call.translation, node.interval) : undefined
  if (interval?.constant === undefined || interval.constant < 1)
    return call.refuse(
      'GENERATE_DATE_ARRAY takes INTERVAL and a constant number of at least 1 in the embedded warehouse',
    )
  const { unit, constant } = interval
  if (DAYS[unit]) return { sql: macro('date_array_days', from, to, String(DAYS[unit] * constant)) }
  if (MONTHS[unit]) return { sql: macro('date_array_months', from, to, String(MONTHS[unit] * constant)) }
  return call.refuse(`GENERATE_DATE_ARRAY by ${unit} is not available`)
}

export const ARRAY_FUNCTIONS: FunctionTable = {
  ARRAY_LENGTH: same('len', 'INT64', 1),
  ARRAY_REVERSE: same('list_reverse', undefined, 1),
  ARRAY_TO_STRING: (call) => byMacro(call.nodes.length === 2 ? 'join_list' : 'join_list_nulls', 'STRING', 2, 3)(call),
  ARRAY_CONCAT: (call) => {
    const lists = call.nodes.map((_, index) => call.arg(index).sql)
    const anyNull = lists.map((list) => `${list} IS NULL`).join(' OR ')
    return { sql: `(CASE WHEN ${anyNull} THEN NULL ELSE list_concat(${lists.join(', ')}) END)` }
  },
  GENERATE_ARRAY: (call) => {
    const [from = '', to = '', step = '1'] = args(call, 2, 3)
    return { sql: macro('int_array', from, to, step) }
  },
  GENERATE_DATE_ARRAY: dates,
}
