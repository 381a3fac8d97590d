import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import type { FileResource, RestResource } from '@convergence/core/config/source.ts'
import { nameColumns, toColumnName } from '@convergence/core/column-names.ts'
import { DataRejectedError, InvalidConfigError } from '@convergence/core/errors.ts'
import type { Sample, TargetColumn } from '@convergence/core/ports/processor.ts'
import { PLATFORM_FIELD_NAMES, withPlatformFields, type Field, type TableSchema } from '@convergence/core/table.ts'
import type { LinkRead, SlotPlan } from '../connectors/connector.ts'
import { connectorContext, connectorOf, resourceOf, sourceOf } from '../connectors/registry.ts'
import { targetOf, type StepContext } from '../stage.ts'
import { inferField } from './infer-field.ts'
import type { OpenWindow } from './window.ts'

export interface SettledSchema {
  /** Of the parts, without the platform's. */
  readonly columns: readonly TargetColumn[]
  readonly schema: TableSchema
  readonly names: ReadonlySet<string>
  /** Input columns that are known and not loaded. */
  readonly ignored: readonly string[]
  /** A column that nobody wants fails the step. */
  readonly strictColumns: boolean
  /** Of the schema file, and in no row of a file whose header says so: NULL in every row. */
  readonly absent: readonly string[]
}

/** What an incremental step asks its source for. */
type Asked = Pick<OpenWindow, 'range' | 'cursor'>
const askedContext = (context: StepContext<IngestStep>, asked: Asked | undefined) =>
  connectorContext(context, { window: asked?.range, cursor: asked?.cursor })

/** Rows that inference and naming look at. */
const SAMPLE_ROWS = 1_000

/**
 * Settles a step's columns before any part exists: their names in the input and in the table, and their types, by schema file or from a
 * sample. All chunks then agree, whatever they hold.
 */
export const settleSchema = async (
  context: StepContext<IngestStep>,
  first: SlotPlan | undefined,
  asked: Asked | undefined,
  read: (first: SlotPlan) => Promise<Pick<LinkRead, 'input'>> = (slot) =>
    connectorOf(context).sample(askedContext(context, asked), slot.slot),
): Promise<SettledSchema> => {
  const shape = resourceOf(context)
  const file = context.step.load.schema === undefined ? undefined : context.snapshot.schemas[context.step.load.schema]
  // An API's records are named by the rule as they come: with a schema file there is nothing to look up, and no request to spend.
  const isRest = sourceOf(context).source.type === 'rest_api'
  const sample = first && !(file && isRest) ? await takeSample(context, await read(first)) : undefined
  const inherited = connectorOf(context).columns?.(askedContext(context, asked)) ?? []
  const inputs = unique([...(sample?.columns ?? []), ...inherited.map((column) => column.name)])
  const wanted = sample ? selectColumns(inputs, shape) : inputs
  const named = nameAll(wanted, context)
  const columns = file ? byFile(context, file, named, first) : await bySample(context, sample, named, inherited)
  const kept = new Set(columns.map((column) => column.source))
  const typed = columns.map((column) => withShape(column, shape, context))
  const schema = withPlatformFields(typed.map((column) => column.field))
  return {
    columns: typed,
    schema,
    names: new Set(schema.map((field) => field.name)),
    ignored: unique([...inputs.filter((name) => !kept.has(name)), ...shape.exclude]),
    strictColumns: shape.columns === undefined,
    absent: file && sample ? absentColumns(context, file, named, first) : [],
  }
}

/**
 * Input columns by the names that they get in the table. A JSON source has named its columns already: keys of records, which several
 * records spell alike.
 */
const nameAll = (inputs: readonly string[], context: StepContext<IngestStep>): ReadonlyMap<string, string> => {
  const shape = resourceOf(context)
  const isNamed = sourceOf(context).source.type === 'rest_api'
  const { columns, problems } = nameColumns(inputs, isNamed ? { naming: 'source', rename: {} } : shape)
  if (problems.length > 0) throw new DataRejectedError(problems.join('; '))
  return new Map(columns.map((column) => [column.name, column.source]))
}

const unique = (names: readonly string[]): string[] => [...new Set(names)]

const takeSample = (context: StepContext<IngestStep>, { input }: Pick<LinkRead, 'input'>): Promise<Sample> =>
  context.ports.processor.sample(input, SAMPLE_ROWS)

/** `columns` and `exclude` name input columns; a name that matches none is a mistake that would load less than was meant. */
const selectColumns = (inputs: readonly string[], shape: FileResource | RestResource): string[] => {
  const known = new Set(inputs)
  const missing = [...(shape.columns ?? []), ...shape.exclude].filter((name) => !known.has(name))
  if (missing.length > 0 && inputs.length > 0)
    throw new InvalidConfigError(
      `columns or exclude name ${missing.join(', ')}, which the data does not have. It has: ${list(inputs)}`,
    )
  const selected = shape.columns === undefined ? inputs : inputs.filter((name) => shape.columns?.includes(name))
  return selected.filter((name) => !shape.exclude.includes(name))
}

/** With a schema file: its columns, each from the input column that gets its name; further input columns are refused. */
const byFile = (
  context: StepContext<IngestStep>,
  file: TableSchema,
  named: ReadonlyMap<string, string>,
  first: SlotPlan | undefined,
): TargetColumn[] => {
  const shape = resourceOf(context)
  const fields = new Set(file.map((field) => field.name))
  const extra = [...named].filter(([target]) => !fields.has(target))
  if (extra.length > 0 && shape.columns === undefined)
    throw new DataRejectedError(
      `${first ? `${first.label}: ` : ''}the data has ${count(extra.length, 'column')} that schema ${context.step.load.schema} lacks: ${list(extra.map(([, source]) => source))}. ` +
        (delimiterHint(shape, [...named.values()]) ??
          'Add them to the schema, or leave them out with exclude (or name those to load with columns)'),
    )
  const isRest = sourceOf(context).source.type === 'rest_api'
  return file.map((field) => ({
    field,
    source: named.get(field.name) ?? (isRest ? field.name : sourceFor(field.name, shape)),
  }))
}

/** One column whose name holds another usual delimiter: the file is delimited by that. */
const delimiterHint = (shape: FileResource | RestResource, sources: readonly string[]): string | undefined => {
  const [only = '', ...others] = sources
  if (others.length > 0 || !('format' in shape) || shape.format !== 'csv') return undefined
  const found = [';', '\t', '|', ','].find((one) => one !== shape.csv.delimiter && only.includes(one))
  return (
    found &&
    `Are its fields delimited by ${JSON.stringify(found)}? Then set csv: { delimiter: ${JSON.stringify(found)} }`
  )
}

/**
 * Columns of the schema file that a file with a header (or Parquet) does not have, and nobody left out. Throws DataRejectedError when one
 * of them is REQUIRED: every row would be rejected.
 */
const absentColumns = (
  context: StepContext<IngestStep>,
  file: TableSchema,
  named: ReadonlyMap<string, string>,
  first: SlotPlan | undefined,
): string[] => {
  const shape = resourceOf(context)
  if (!('format' in shape) || (shape.format !== 'csv' && shape.format !== 'parquet')) return []
  const absent = file.filter((field) => !named.has(field.name))
  const required = absent.filter((field) => field.mode === 'REQUIRED').map((field) => field.name)
  if (required.length > 0)
    throw new DataRejectedError(
      `${first ? `${first.label}: ` : ''}the data has no column ${list(required)}, REQUIRED in schema ${context.step.load.schema}. ` +
        `It has: ${list([...named.values()])}. Mend the file, name the column with rename, or make it NULLABLE in the schema`,
    )
  const left = new Set(shape.exclude.map((name) => shape.rename[name] ?? toColumnName(name, shape.naming)))
  return shape.columns ? [] : absent.map((field) => field.name).filter((name) => !left.has(name))
}

/** Not in the sample: a later record may have it, under the name that gives this column. */
const sourceFor = (target: string, shape: FileResource | RestResource): string =>
  Object.entries(shape.rename).find(([, to]) => to === target)?.[0] ?? target

/** Without: the table's own types where it has the column, else what all sampled values fit. */
const bySample = async (
  context: StepContext<IngestStep>,
  sample: Sample | undefined,
  named: ReadonlyMap<string, string>,
  inherited: readonly { readonly name: string }[],
): Promise<TargetColumn[]> => {
  const table = await context.ports.warehouse.describe(targetOf(context))
  const standing = new Map(
    (table?.schema ?? []).filter((field) => !PLATFORM_FIELD_NAMES.has(field.name)).map((field) => [field.name, field]),
  )
  const fromInput = [...named].map(([target, source]): TargetColumn => {
    const at = sample?.columns.indexOf(source) ?? -1
    const cells = at < 0 ? [] : (sample?.rows ?? []).map((row) => row[at] ?? null)
    const own = sample?.schema?.find((field) => field.name === source)
    return {
      field: standing.get(target) ?? (own ? { ...own, name: target, mode: 'NULLABLE' } : inferField(target, cells)),
      source,
    }
  })
  const there = new Set(named.keys())
  const absent = [...standing.values()]
    .filter((field) => !there.has(field.name))
    .map((field): TargetColumn => ({ field, source: field.name }))
  if (fromInput.length === 0 && absent.length === 0 && inherited.length === 0 && sample)
    throw new DataRejectedError(
      `${context.step.source}: the data has no columns to infer a schema from. Name a schema file in load.schema`,
    )
  return [...fromInput, ...absent]
}

/** `types`, `round` and the types of inherited columns. */
const withShape = (
  column: TargetColumn,
  shape: FileResource | RestResource,
  context: StepContext<IngestStep>,
): TargetColumn => {
  const inherit = 'inherit' in shape ? shape.inherit[column.source]?.type : undefined
  const cast = shape.types[column.field.name] ?? inherit
  const round = shape.round ? { round: true } : {}
  if (!cast) return { ...column, ...round }
  const { parse, ...type } = cast
  const byFile = context.step.load.schema !== undefined
  if (byFile && type.type !== column.field.type)
    throw new InvalidConfigError(
      `column ${column.field.name} is ${column.field.type} in schema ${context.step.load.schema}, and ${type.type} by types or inherit`,
    )
  const { precision: _precision, scale: _scale, ...plain } = column.field
  const field: Field = byFile ? column.field : { ...plain, ...type }
  return { ...column, field, ...round, ...(parse && { parse }) }
}

const MOST_NAMES = 12

const list = (names: readonly string[]): string =>
  names.length <= MOST_NAMES
    ? names.join(', ')
    : `${names.slice(0, MOST_NAMES).join(', ')} and ${names.length - MOST_NAMES} more`

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`
