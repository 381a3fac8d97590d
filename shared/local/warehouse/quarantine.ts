import { InternalError, InvalidConfigError } from '@convergence/core/errors.ts'
import type { JobCounts, QuarantineJob } from '@convergence/core/ports/warehouse.ts'
import { QUARANTINE_SCHEMA, quarantineTable } from '@convergence/core/quarantine.ts'
import { tableName } from '@convergence/core/table.ts'
import { bindParameter, bindParameters, text, textOrNull } from './parameters.ts'
import { restriction } from './relations.ts'
import type { Bindings, Session } from './session.ts'
import { columnList, quoted, tablePath } from './sql.ts'
import { ensureTable, readTable } from './tables.ts'

const FAILING = 'temp."#failing"'

/**
 * Moves the rows that fail a rule to the tenant's quarantine, inside the caller's transaction: each once, with the reasons of all the
 * rules that it fails, and the column and value of the first of them.
 */
export const quarantine = async (session: Session, job: QuarantineJob, nowMs: number): Promise<JobCounts> => {
  if (
    job.input.kind !== 'table' ||
    tableName(job.input.table) !== tableName(job.table) ||
    job.input.table.tenant !== job.table.tenant
  )
    throw new InvalidConfigError('quarantine takes the rows of the table that was checked, not parts')
  const stored = await readTable(session, job.table)
  if (!stored || stored.isView)
    throw new InvalidConfigError(`${tableName(job.table)} is not a table whose rows can be moved`)
  const target = quarantineTable(job.labels.tenant)
  const layout = { fields: QUARANTINE_SCHEMA, partitionBy: 'ingestion_date', clusterBy: [] }
  await ensureTable(session, target, layout, await readTable(session, target))
  const where = restriction(job.input, 'input')
  const flags = job.rules.map(({ where: rule }, index) => `(${rule}) AS "#${index}"`)
  const table = tablePath(job.table)
  // Flags stand in the select list, where a rule may look at other rows too (window functions).
  await session.run(
    `CREATE TEMP TABLE "#failing" AS SELECT * FROM (SELECT *, rowid AS "#row"${flags.map((flag) => `, ${flag}`).join('')} FROM ${table}${where.sql}) WHERE ${anyOf(job)}`,
    { ...bindParameters(job.parameters), ...where.bindings },
  )
  const path = tablePath(target)
  const staged = await session.count(`SELECT count(*) FROM ${FAILING}`)
  const before = await session.count(`SELECT count(*) FROM ${path}`)
  await session.run(
    insertSql(
      job,
      path,
      stored.schema.map(({ name }) => name),
    ),
    insertBindings(job, nowMs),
  )
  const inserted = (await session.count(`SELECT count(*) FROM ${path}`)) - before
  const deleted = await session.run(`DELETE FROM ${table} WHERE rowid IN (SELECT "#row" FROM ${FAILING})`)
  if (staged !== inserted || staged !== deleted)
    throw new InternalError(
      `the job's counts do not agree: ${staged} rows fail, ${inserted} were quarantined, ${deleted} deleted`,
    )
  return { staged, inserted, updated: 0, deleted, superseded: 0 }
}

const anyOf = ({ rules }: QuarantineJob): string =>
  rules.map((_, index) => `"#${index}" IS TRUE`).join(' OR ') || 'FALSE'

const insertSql = ({ rules }: QuarantineJob, path: string, columns: readonly string[]): string => {
  const firstOf = (value: (index: number) => string): string =>
    rules.length === 0
      ? 'NULL'
      : `CASE ${rules.map((_, index) => `WHEN "#${index}" IS TRUE THEN ${value(index)}`).join(' ')} END`
  const reasons = rules.map((_, index) => `CASE WHEN "#${index}" IS TRUE THEN $reason_${index} END`)
  const raw = columns.map((name) => `'${name.replaceAll("'", "''")}', CAST(${quoted(name)} AS VARCHAR)`)
  const values: Readonly<Record<string, string>> = {
    origin: '$origin',
    position: 'NULL',
    column: firstOf((index) => `$column_${index}`),
    value: firstOf((index) =>
      rules[index]?.column === undefined ? 'NULL' : `CAST(${quoted(rules[index].column)} AS VARCHAR)`,
    ),
    reason: rules.length === 0 ? "''" : `concat_ws('; ', ${reasons.join(', ')})`,
    raw: `CAST(json_object(${raw.join(', ')}) AS VARCHAR)`,
    step: '$step',
    target: '$origin',
    ingestion_date: 'CAST($now AS DATE)',
    _run_id: '$run',
    _chunk_id: '$step',
    _ingested_at: '$now',
  }
  return `INSERT INTO ${path} (${columnList(QUARANTINE_SCHEMA)}) SELECT ${QUARANTINE_SCHEMA.map(({ name }) => values[name] ?? 'NULL').join(', ')} FROM ${FAILING}`
}

const insertBindings = (job: QuarantineJob, nowMs: number): Bindings => ({
  origin: text(tableName(job.table)),
  step: text(job.labels.step),
  run: text(job.labels.run),
  now: bindParameter({ name: 'now', type: 'TIMESTAMP', value: new Date(nowMs).toISOString() }),
  ...Object.fromEntries(
    job.rules.flatMap(({ reason, column }, index) => [
      [`reason_${index}`, text(reason)],
      [`column_${index}`, textOrNull(column ?? null)],
    ]),
  ),
})
