import { isDate } from '../zoned-time.ts'
import { PLATFORM_FIELD_NAMES, PLATFORM_FIELDS, type Field, type FieldType, type TableSchema } from '../table.ts'
import { checkTemplates } from './check-templates.ts'
import type { ConfigPath } from './problem.ts'
import type { ProblemList } from './problem-list.ts'
import type { Load } from './load.ts'
import { didYouMean } from './suggest.ts'
import type { ConfigDocument } from './yaml.ts'

const DAY_TYPES: ReadonlySet<FieldType> = new Set<FieldType>(['DATE', 'DATETIME', 'TIMESTAMP'])
/** What BigQuery can cluster by, and what one value of can be compared. */
const NOT_COMPARABLE: ReadonlySet<FieldType> = new Set<FieldType>(['JSON', 'STRUCT'])
const NOT_CLUSTERED: ReadonlySet<FieldType> = new Set<FieldType>(['JSON', 'STRUCT', 'FLOAT64', 'BYTES', 'TIME'])

interface LoadCheck {
  readonly document: ConfigDocument
  /** Of the load. */
  readonly path: ConfigPath
  readonly load: Load
  /** Absent: not known before the step is planned. */
  readonly schema: TableSchema | undefined
  readonly parameters: readonly string[]
  readonly problems: ProblemList
}

/** Every column that a load names, against the schema where there is one; and what the strategy needs. */
export const checkLoad = (check: LoadCheck): void => {
  const { load } = check
  column(check, ['partition_by'], load.partition_by, (field) =>
    DAY_TYPES.has(field.type) ? undefined : `is ${field.type}: a partition is a DATE, DATETIME or TIMESTAMP`,
  )
  columns(check, 'cluster_by', load.cluster_by, (field) =>
    NOT_CLUSTERED.has(field.type) ? `is ${field.type}, which cannot be clustered by` : undefined,
  )
  if (load.strategy === 'merge') checkMerge(check, load.keys, load.order_by)
  if (load.strategy === 'overwrite' && load.partitions !== 'all') checkPartitions(check, load.partitions)
}

const checkMerge = (check: LoadCheck, keys: readonly string[], orderBy: readonly string[]): void => {
  const comparable = (field: Field) =>
    NOT_COMPARABLE.has(field.type) ? `is ${field.type}, which cannot be compared` : undefined
  columns(check, 'keys', keys, (field) =>
    PLATFORM_FIELD_NAMES.has(field.name) ? 'is a column of the platform: it differs in every run' : comparable(field),
  )
  columns(check, 'order_by', orderBy, comparable)
}

const checkPartitions = ({ document, path, parameters, problems }: LoadCheck, partitions: readonly string[]): void => {
  for (const [index, partition] of partitions.entries()) {
    const at = [...path, 'partitions', index]
    if (partition.includes('{{')) checkTemplates(document, at, partition, { parameters }, problems)
    else if (!isDate(partition))
      problems.at(document, at, 'must be a day such as 2026-01-31, or a template that gives one')
  }
}

const columns = (
  check: LoadCheck,
  key: string,
  names: readonly string[],
  problemOf: (field: Field) => string | undefined,
): void => {
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) < index)
      check.problems.at(check.document, [...check.path, key, index], `${name} is there twice`)
    else column(check, [key, index], name, problemOf)
  }
}

const column = (
  check: LoadCheck,
  at: ConfigPath,
  name: string,
  problemOf: (field: Field) => string | undefined,
): void => {
  const fields: TableSchema = [...(check.schema ?? []), ...PLATFORM_FIELDS]
  const field = fields.find((one) => one.name === name)
  const report = (message: string) => check.problems.at(check.document, [...check.path, ...at], message)
  if (field) {
    const problem = field.mode === 'REPEATED' ? 'is REPEATED: a single value is needed' : problemOf(field)
    if (problem) report(`${name} ${problem}`)
  } else if (check.schema)
    report(
      `schema ${check.load.schema} has no column ${name}${didYouMean(
        name,
        fields.map((one) => one.name),
      )}`,
    )
}
