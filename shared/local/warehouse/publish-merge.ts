import { InvalidConfigError } from '@convergence/core/errors.ts'
import type { Field } from '@convergence/core/table.ts'
import { change, check, count, run, type Compiler, type PublishStatement } from './publish-plan.ts'
import { columnList, quoted } from './sql.ts'

/** Names that no column can have. */
const RANK = '"#rank"'
const ROW = '"#row"'
const NEWER = '"#newer"'
const RANKED = 'temp."#ranked"'
const MERGED = 'temp."#merged"'

/**
 * Replaces the rows of the source's keys, and adds the others. Delete and insert: DuckDB's MERGE is slower, and takes two source rows of
 * one key without a word. NULL equals NULL. A matched row keeps its `ingestion_date`, and what the job has no column for.
 */
export const publishMerge: Compiler = (job, { target, source, fields, kept, position }) => {
  const { strategy } = job
  if (strategy.type !== 'merge') throw new InvalidConfigError(`not a merge: ${strategy.type}`)
  const keys = strategy.keys.map((key) => keyField(fields, key))
  const winners = strategy.orderBy.length > 0 ? `(SELECT * FROM ${RANKED} WHERE ${RANK} = 1)` : source
  // What was rejected long ago must not replace what was loaded since.
  const newer = job.replayed === undefined ? '' : `, (t."_ingested_at" > s."_ingested_at") IS TRUE AS ${NEWER}`
  const written = [...fields.map(({ name }) => quoted(name)), ...kept.map(quoted)].join(', ')
  return {
    bindings: {},
    statements: [
      count('staged', source),
      count('before', target),
      ...(strategy.orderBy.length > 0
        ? rank(source, fields, keys, strategy.orderBy, position)
        : [refuseTwins(source, keys)]),
      run(
        `CREATE TEMP TABLE "#merged" AS SELECT ${fields.map(mergedColumn).join(', ')}${kept.map((name) => `, t.${quoted(name)}`).join('')}, t.rowid AS ${ROW}${newer}` +
          ` FROM ${winners} AS s LEFT JOIN ${target} AS t ON ${keys.map(sameKey).join(' AND ')}`,
      ),
      refuseTableTwins(winners, keys),
      ...(job.replayed ? leaveNewer(strategy.orderBy.length > 0) : []),
      change('updated', `DELETE FROM ${target} WHERE rowid IN (SELECT ${ROW} FROM ${MERGED} WHERE ${ROW} IS NOT NULL)`),
      run(`INSERT INTO ${target} (${written}) SELECT ${written} FROM ${MERGED}`),
      count('after', target),
    ],
  }
}

const leaveNewer = (isRanked: boolean): PublishStatement[] => {
  const losers = isRanked ? ` UNION ALL SELECT 1 FROM ${RANKED} WHERE ${RANK} > 1` : ''
  return [
    count('superseded', `(SELECT 1 FROM ${MERGED} WHERE ${NEWER}${losers})`),
    run(`DELETE FROM ${MERGED} WHERE ${NEWER}`),
  ]
}

const keyField = (fields: readonly Field[], name: string): Field => {
  const field = fields.find((candidate) => candidate.name === name)
  if (!field) throw new InvalidConfigError(`key "${name}" is not a column of the table`)
  if (field.mode === 'REPEATED' || field.type === 'STRUCT' || field.type === 'JSON')
    throw new InvalidConfigError(
      `key "${name}" is ${field.mode === 'REPEATED' ? 'an ARRAY' : `a ${field.type}`}, which cannot be compared: choose other keys`,
    )
  return field
}

/** The last by `order_by` has rank 1; NULL is the smallest value. */
const rank = (
  source: string,
  fields: readonly Field[],
  keys: readonly Field[],
  orderBy: readonly string[],
  position: readonly string[],
): PublishStatement[] => {
  const order = [...orderBy.map(quoted), ...position].map((column) => `${column} DESC NULLS LAST`).join(', ')
  return [
    run(
      `CREATE TEMP TABLE "#ranked" AS SELECT ${columnList(fields)}, row_number() OVER (PARTITION BY ${columnList(keys)} ORDER BY ${order}) AS ${RANK} FROM ${source}`,
    ),
    count('superseded', `${RANKED} WHERE ${RANK} > 1`),
  ]
}

/** `=` where neither side can be NULL: then DuckDB skips the row groups that the keys cannot be in. */
const sameKey = ({ name, mode }: Field): string =>
  mode === 'REQUIRED'
    ? `s.${quoted(name)} = t.${quoted(name)}`
    : `s.${quoted(name)} IS NOT DISTINCT FROM t.${quoted(name)}`

const mergedColumn = ({ name }: Field): string => {
  const column = quoted(name)
  if (name !== 'ingestion_date') return `s.${column}`
  return `CASE WHEN t.rowid IS NULL THEN s.${column} ELSE t.${column} END AS ${column}`
}

const refuseTwins = (source: string, keys: readonly Field[]): PublishStatement =>
  check(twins(source, keys), (row) => {
    const { '#rows': rows, ...key } = row
    return `${String(rows)} rows have the key ${keyText(key)}: make the key unique, or say with order_by which of them is the last`
  })

const refuseTableTwins = (winners: string, keys: readonly Field[]): PublishStatement =>
  check(
    twins(
      `${MERGED} WHERE (SELECT count(*) FROM ${MERGED}) > (SELECT count(*) FROM ${winners}) AND ${ROW} IS NOT NULL`,
      keys,
    ),
    (row) => {
      const { '#rows': rows, ...key } = row
      return `the table has ${String(rows)} rows with the key ${keyText(key)}: remove all but one of them, then merge again`
    },
  )

/** Groups by the values, not by their texts: two texts of one value are one key. */
const twins = (from: string, keys: readonly Field[]): string => {
  const names = keys.map(({ name }) => quoted(name))
  const grouped = names.map((name) => `k.${name}`).join(', ')
  const texts = names.map((name) => `CAST(k.${name} AS VARCHAR) AS ${name}`).join(', ')
  return `SELECT ${texts}, count(*) AS "#rows" FROM (SELECT ${names.join(', ')} FROM ${from}) AS k GROUP BY ${grouped} HAVING count(*) > 1 ORDER BY ALL LIMIT 1`
}

const keyText = (key: Readonly<Record<string, unknown>>): string =>
  `(${Object.entries(key)
    .map(([name, value]) => `${name} = ${value === null ? 'NULL' : JSON.stringify(value)}`)
    .join(', ')})`
