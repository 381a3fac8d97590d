import { DuckDBInstance } from '@duckdb/node-api'
import { lineitemColumns, type AmountType } from './csv-lineitem.ts'

/** Of lineitem's rows in any order: their number and a sum over all cells. */
export interface Fingerprint {
  readonly rows: number
  readonly sum: string
}

const COLUMNS = lineitemColumns({ type: 'NUMERIC', precision: 15, scale: 2 })

/** Amounts with two digits behind the point, everything else as its text. */
const cells = COLUMNS.map(({ name, type }) =>
  type === 'NUMERIC' ? `CAST(CAST(${name} AS DECIMAL(15, 2)) AS VARCHAR)` : `CAST(${name} AS VARCHAR)`,
).join(', ')

export const duckdbType = ({ type, precision, scale }: AmountType): string => {
  if (type === 'NUMERIC') return `DECIMAL(${precision ?? 38},${scale ?? 9})`
  return { INT64: 'BIGINT', DATE: 'DATE' }[type as string] ?? 'VARCHAR'
}

/** Columns for DuckDB's readers. */
export const duckdbColumns = (amounts: AmountType): string =>
  `{${lineitemColumns(amounts)
    .map((field) => `'${field.name}': '${duckdbType(field)}'`)
    .join(', ')}}`

const ask = async (sql: string, database?: string): Promise<Record<string, unknown>> => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    if (database !== undefined) await connection.run(`ATTACH '${database}' AS bench (READ_ONLY)`)
    const [row] = (await connection.runAndReadAll(sql)).getRowObjectsJS()
    return row ?? {}
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** Of the texts of a CSV file, which nobody has typed yet. */
export const sourceFingerprint = async (csv: string): Promise<Fingerprint> => {
  const row = await ask(
    `SELECT count(*) AS rows, CAST(sum(CAST(hash(${cells}) AS HUGEINT)) AS VARCHAR) AS sum FROM read_csv('${csv}', header = true, delim = ',', quote = '', all_varchar = true)`,
  )
  return { rows: Number(row['rows']), sum: String(row['sum']) }
}

export interface Landed {
  /** What stands after FROM; tables of `database` are in the catalog `bench`. */
  readonly relation: string
  readonly database?: string
  readonly amounts: AmountType
}

/** Throws when what landed is not the source, row by row and of the right types: a wrong result is a failed bench. */
export const requireSame = async (who: string, source: Fingerprint, landed: Landed): Promise<void> => {
  const columns = lineitemColumns(landed.amounts)
  const types = columns.map(({ name }) => `any_value(typeof(${name})) AS "type ${name}"`).join(', ')
  const row = await ask(
    `SELECT count(*) AS rows, CAST(sum(CAST(hash(${cells}) AS HUGEINT)) AS VARCHAR) AS sum, ${types} FROM ${landed.relation}`,
    landed.database,
  )
  const rows = Number(row['rows'])
  const sum = String(row['sum'])
  if (rows !== source.rows) throw new Error(`${who} gave ${rows} of ${source.rows} rows`)
  if (sum !== source.sum) throw new Error(`${who} changed values: the sum is ${sum}, not ${source.sum}`)
  for (const field of columns) {
    const type = String(row[`type ${field.name}`])
    if (type !== duckdbType(field)) throw new Error(`${who} made ${field.name} ${type}, not ${duckdbType(field)}`)
  }
}
