import { readAggregate, type Aggregate } from './aggregate.ts'
import { compileHoisted } from './hoist.ts'
import { isAbsent, isNode, kindOf, listOf, type Body } from './node.ts'
import { orderBy } from './order.ts'
import { quoteName } from './sql-text.ts'
import { title, type Expr, type Translation } from './translation.ts'

/** `f(x) OVER (…)` */
export const compileWindow = (translation: Translation, body: Body): Expr => {
  const { this: inner, over } = translation.read('OVER', body, ['this', 'over'])
  translation.count('OVER')
  const { kind, body: call } =
    kindOf(inner) ?? translation.refuse(inner, 'this window function is not available in the embedded warehouse')
  const aggregate = readRanking(translation, kind, call) ?? readAggregate(translation, kind, call)
  if (!aggregate)
    return translation.refuse(
      inner ?? over,
      `${title(kind)} OVER is not available in the embedded warehouse`,
      title(kind),
    )
  if (aggregate.plainOnly)
    return translation.refuse(
      over,
      `${title(kind)} with DISTINCT, ORDER BY or LIMIT and OVER is not available in the embedded warehouse`,
      'OVER',
    )
  const spec = isNode(over) ? over : {}
  if (
    UNFRAMED.has(kind) &&
    (isNode(spec.frame) || (!isAbsent(spec.window_name) && translation.isFramed(translation.name(spec.window_name))))
  )
    return translation.refuse(inner ?? over, `${title(kind)} takes no window frame`, title(kind))
  const window = compileWindowSpec(translation, spec, true)
  return {
    sql: aggregate.finish(aggregate.parts.map((part) => translation.hoist(`${part} OVER ${window}`, true))),
    type: aggregate.type,
    checked: aggregate.checked,
  }
}

const UNFRAMED = new Set(['row_number', 'rank', 'dense_rank', 'percent_rank', 'cume_dist', 'n_tile', 'lag', 'lead'])

const RANKINGS: Readonly<Record<string, string>> = {
  row_number: 'row_number()',
  rank: 'rank()',
  dense_rank: 'dense_rank()',
  percent_rank: 'percent_rank()',
  cume_dist: 'cume_dist()',
}

const readRanking = (translation: Translation, kind: string, body: Body): Aggregate | undefined => {
  const one = (text: string, type?: Expr['type']): Aggregate => ({
    parts: [text],
    finish: ([part]) => part ?? '',
    type,
  })
  const ranking = RANKINGS[kind]
  if (ranking) {
    translation.read(kind, body, ['args', 'order_by'])
    return one(ranking, kind.startsWith('p') || kind.startsWith('c') ? 'FLOAT64' : 'INT64')
  }
  if (kind === 'n_tile')
    return one(
      `ntile(${compileHoisted(translation, translation.read('NTILE', body, ['num_buckets']).num_buckets).sql})`,
      'INT64',
    )
  if (kind === 'lag' || kind === 'lead') {
    const { this: value, offset, default: otherwise } = translation.read(kind, body, ['this', 'offset', 'default'])
    const args = [value, offset, otherwise]
      .filter((arg) => !isAbsent(arg))
      .map((arg) => compileHoisted(translation, arg).sql)
    return one(`${kind}(${args.join(', ')})`)
  }
  if (kind !== 'first_value' && kind !== 'last_value' && kind !== 'nth_value') return undefined
  const { this: value, offset, ignore_nulls: ignore } = translation.read(kind, body, ['this', 'offset', 'ignore_nulls'])
  if (ignore === true) translation.count('IGNORE')
  const args = [value, offset].filter((arg) => !isAbsent(arg)).map((arg) => compileHoisted(translation, arg).sql)
  return one(`${kind}(${args.join(', ')}${ignore === true ? ' IGNORE NULLS' : ''})`)
}

/** What stands after OVER or in WINDOW. */
export const compileWindowSpec = (translation: Translation, body: Body, allowBareName = false): string => {
  const {
    window_name: name,
    partition_by: partition,
    order_by: order,
    frame,
  } = translation.read('OVER', body, ['window_name', 'partition_by', 'order_by', 'frame'])
  const base = isAbsent(name) ? '' : quoteName(translation.name(name))
  const parts = [base]
  if (!isAbsent(partition)) {
    translation.count('PARTITION')
    parts.push(
      `PARTITION BY ${listOf(partition)
        .map((item) => compileHoisted(translation, item).sql)
        .join(', ')}`,
    )
  }
  if (!isAbsent(order)) parts.push(orderBy(translation, order, false))
  if (isNode(frame)) parts.push(compileFrame(translation, frame))
  const text = parts.filter((part) => part !== '').join(' ')
  return allowBareName && text === base && base !== '' ? base : `(${text})`
}

const BOUNDS: Readonly<Record<string, string>> = {
  UnboundedPreceding: 'UNBOUNDED PRECEDING',
  UnboundedFollowing: 'UNBOUNDED FOLLOWING',
  CurrentRow: 'CURRENT ROW',
}

const compileFrame = (translation: Translation, body: Body): string => {
  const { kind, start, end } = translation.read('window frame', body, ['kind', 'start', 'end'])
  if (kind !== 'Rows' && kind !== 'Range')
    return translation.refuse(
      body,
      `window frame ${String(kind)} is not available in the embedded warehouse`,
      String(kind),
    )
  const bound = (value: unknown): string => {
    if (typeof value === 'string' && BOUNDS[value]) return BOUNDS[value]
    if (isNode(value) && !isAbsent(value.Preceding))
      return `${compileHoisted(translation, value.Preceding).sql} PRECEDING`
    if (isNode(value) && !isAbsent(value.Following))
      return `${compileHoisted(translation, value.Following).sql} FOLLOWING`
    return translation.refuse(body, 'this window frame is not available in the embedded warehouse', String(kind))
  }
  if (!isAbsent(end)) translation.count('BETWEEN')
  return `${kind.toUpperCase()} BETWEEN ${bound(start)} AND ${isAbsent(end) ? 'CURRENT ROW' : bound(end)}`
}
