import type { FieldType, TableSchema } from '../table.ts'
import { isDate } from '../zoned-time.ts'
import type { Load } from './load.ts'
import type { ConfigPath } from './problem.ts'
import type { ProblemList } from './problem-list.ts'
import type { RestResource } from './source.ts'
import { didYouMean } from './suggest.ts'
import type { ConfigDocument } from './yaml.ts'

const DAY_MS = 86_400_000
const TIMES: ReadonlySet<FieldType> = new Set<FieldType>(['DATE', 'TIMESTAMP'])
const NUMBERS: ReadonlySet<FieldType> = new Set<FieldType>(['INT64'])

interface IncrementalCheck {
  readonly document: ConfigDocument
  /** Of the resource. */
  readonly path: ConfigPath
  readonly resource: RestResource
  readonly load: Load
  readonly schema: TableSchema | undefined
  /** The step that loads it, for messages. */
  readonly step: string
  readonly problems: ProblemList
}

/** What a cursor may be together with the load of a step: `append` must neither repeat nor skip a row. */
export const checkIncremental = (check: IncrementalCheck): void => {
  const { resource, schema, load, step } = check
  const { incremental } = resource
  if (!incremental) return
  const report = (key: string, message: string) =>
    check.problems.at(check.document, [...check.path, 'incremental', key], message)
  const type = typeOf(incremental.cursor, resource, schema)
  if (schema && type === undefined)
    report(
      'cursor',
      `schema ${load.schema} of ${step} has no column ${incremental.cursor}${didYouMean(
        incremental.cursor,
        schema.map((field) => field.name),
      )}`,
    )
  else if (type !== undefined && !TIMES.has(type) && !NUMBERS.has(type))
    report('cursor', `is ${type}: a cursor is a TIMESTAMP, a DATE or an INT64`)
  else if (type !== undefined && NUMBERS.has(type)) checkNumber(incremental, report)
  else if (type === 'DATE' && (incremental.size ?? 0) % DAY_MS !== 0)
    report('size', 'must be whole days, as the cursor counts them')
  if (incremental.initial !== undefined && !isInitial(incremental.initial, type))
    report('initial', 'must be a date such as 2026-01-31 or an instant, as the cursor counts, or a whole number')
  if (load.strategy === 'append' && incremental.lookback > 0)
    report(
      'lookback',
      `${step} appends: rows that are read again would be there twice; merge them, or leave lookback out`,
    )
  if (load.strategy === 'append' && !incremental.unique && !(type && TIMES.has(type)))
    report(
      'cursor',
      `${step} appends: the cursor must be a time (say so in a schema or in \`types\`), or be declared \`unique: true\``,
    )
  if (load.strategy === 'overwrite' && load.partitions === 'all')
    report('cursor', `${step} overwrites the whole table: it would keep the newest rows only`)
}

const checkNumber = (
  incremental: NonNullable<RestResource['incremental']>,
  report: (key: string, message: string) => void,
): void => {
  for (const key of ['lookback', 'lag', 'size'] as const)
    if ((incremental[key] ?? 0) > 0) report(key, 'needs a cursor that is a time')
}

const typeOf = (name: string, resource: RestResource, schema: TableSchema | undefined): FieldType | undefined => {
  const field = schema?.find((one) => one.name === name)
  if (schema) return field?.mode === 'REPEATED' ? 'STRUCT' : field?.type
  return resource.types[name]?.type ?? resource.inherit[name]?.type?.type
}

const isInitial = (text: string, type: FieldType | undefined): boolean => {
  if (text.includes('{{')) return true
  const time = isDate(text.slice(0, 10)) && !Number.isNaN(Date.parse(text))
  const number = /^-?\d+$/.test(text)
  if (type === undefined) return time || number
  return TIMES.has(type) ? time : number
}
