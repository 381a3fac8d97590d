import { InvalidInputError } from '@convergence/core/errors.ts'
import type { ObjectRef } from '@convergence/core/ports/object-store.ts'
import type { NativeSql, Relation } from '@convergence/core/ports/warehouse.ts'
import { bindParameter, bindParameters } from './parameters.ts'
import type { Bindings, Session } from './session.ts'
import { partsSource } from './source.ts'
import { stagedSource } from './staging.ts'
import { columnList, quoted, tablePath } from './sql.ts'
import type { LocalQuery } from './tenant-query.ts'

/** `{{name}}` */
const INPUT = /\{\{\s*([A-Za-z_]\w*)\s*\}\}/g

/** The platform's own SQL, with each `{{name}}` as the relation that it stands for; the relations' values are bound. */
export const nativeQuery = async (
  session: Session,
  query: NativeSql,
  localPath: (ref: ObjectRef) => string,
): Promise<LocalQuery> => {
  const relations = new Map<string, LocalQuery>()
  for (const [name, relation] of Object.entries(query.inputs))
    relations.set(name, await relationSql(session, relation, name, localPath))
  const sql = query.sql.replace(INPUT, (_, name: string) => {
    const found = relations.get(name)
    if (!found) throw new InvalidInputError(`the query names {{${name}}}, which is not among its inputs`)
    return found.sql
  })
  const bindings = [...relations.values()].map((relation) => relation.bindings)
  return { sql, bindings: Object.assign({}, bindParameters(query.parameters), ...bindings) as Bindings }
}

const relationSql = async (
  session: Session,
  relation: Relation,
  name: string,
  localPath: (ref: ObjectRef) => string,
): Promise<LocalQuery> => {
  if (relation.kind === 'table') {
    const where = restriction(relation, `input_${name}`)
    return { sql: `(SELECT * FROM ${tablePath(relation.table)}${where.sql})`, bindings: where.bindings }
  }
  const source =
    relation.kind === 'staged'
      ? stagedSource(relation, relation.schema)
      : await partsSource(session, relation.parts, relation.schema, { localPath, name: `input_${name}` })
  // Its rows come in the order of the parts; only its own columns are to be seen.
  return { sql: `(SELECT ${columnList(source.fields)} FROM ${source.sql})`, bindings: source.bindings }
}

/** The WHERE of a table's relation, with its leading blank; empty without restrictions. */
export const restriction = (relation: Extract<Relation, { kind: 'table' }>, prefix: string): LocalQuery => {
  const conditions = relation.where ?? []
  const name = (index: number): string => `${prefix}_${index}`
  const terms = conditions.map(
    ({ column, equals }, index) => `${quoted(column)} ${equals.value === null ? 'IS NULL' : `= $${name(index)}`}`,
  )
  const bindings = Object.fromEntries(conditions.map(({ equals }, index) => [name(index), bindParameter(equals)]))
  const touched = touchedBy(relation, `${prefix}_run`)
  const all = [...terms, ...touched.terms]
  return { sql: all.length > 0 ? ` WHERE ${all.join(' AND ')}` : '', bindings: { ...bindings, ...touched.bindings } }
}

/** The partitions in which a run has rows. NULL is a partition too. */
const touchedBy = ({ table, partitionsOfRun: of }: Extract<Relation, { kind: 'table' }>, name: string) => {
  if (!of) return { terms: [], bindings: {} }
  const column = quoted(of.column)
  const own = `SELECT DISTINCT CAST(${column} AS DATE) FROM ${tablePath(table)} WHERE "_run_id" = $${name}`
  return {
    terms: [`(CAST(${column} AS DATE) IN (${own}) OR (${column} IS NULL AND EXISTS (${own} AND ${column} IS NULL)))`],
    bindings: { [name]: bindParameter({ name, type: 'STRING', value: of.runId }) },
  }
}
