import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import type { RestResource } from '@convergence/core/config/source.ts'
import type { CursorDocument } from '@convergence/core/cursor.ts'
import { InvalidConfigError } from '@convergence/core/errors.ts'
import type { PlanHead } from '@convergence/core/plan.ts'
import { tableName, type FieldType, type TableSchema } from '@convergence/core/table.ts'
import { renderTemplate, type TemplateScope } from '@convergence/core/templates.ts'
import { zonedDate } from '@convergence/core/zoned-time.ts'
import { resourceOf, scopeOf } from '../connectors/registry.ts'
import { targetOf, type StepContext } from '../stage.ts'
import { holdCursor, type CursorSubject } from './cursor.ts'

const DAY_MS = 86_400_000

/** What a cursor can count. */
type CursorType = 'TIMESTAMP' | 'DATE' | 'INT64'

interface OpenCursor {
  readonly incremental: NonNullable<RestResource['incremental']>
  readonly subject: CursorSubject
  readonly standing: CursorDocument
  /** Where the window begins, without `lookback`: an instant (of a DATE: its first in UTC), or a whole number. */
  readonly from: string | undefined
}

export interface OpenWindow {
  /** What the connector asks its source for. */
  readonly range: NonNullable<TemplateScope['window']>
  /** What is kept of what it sent, whatever that was. */
  readonly filter: NonNullable<PlanHead['window']>
  readonly cursor: NonNullable<PlanHead['cursor']>
  readonly type: CursorType
  readonly open: OpenCursor
}

/**
 * The half-open window of an incremental step: from its cursor (less `lookback`) to an end that is fixed here, the logical time less
 * `lag`. A cursor that counts numbers has no such end: it goes to the largest value seen. Undefined: the step is not incremental.
 */
export const openWindow = async (context: StepContext<IngestStep>): Promise<OpenWindow | undefined | 'held'> => {
  const resource = resourceOf(context)
  const incremental = 'incremental' in resource ? resource.incremental : undefined
  if (!incremental) return undefined
  const subject = { source: context.step.source, column: incremental.cursor, table: tableName(targetOf(context)) }
  const hold = await holdCursor(context, subject)
  if (hold.outcome === 'busy') return 'held'
  const from = hold.cursor.value ?? initialOf(context, incremental.initial)
  const declared = declaredType(context, resource as RestResource, incremental.cursor)
  const isNumber = from === undefined ? incremental.unique : !isInstant(from)
  const type = declared === undefined ? (isNumber ? 'INT64' : 'TIMESTAMP') : cursorType(declared, incremental.cursor)
  return windowOf(context, { incremental, subject, standing: hold.cursor, from }, type)
}

/** The window as its column's type wants it, which is known for sure once the schema is settled: after the source was asked for a sample. */
export const fitWindow = (context: StepContext<IngestStep>, opened: OpenWindow, schema: TableSchema): OpenWindow => {
  const { column } = opened.filter
  const field = schema.find(({ name }) => name === column)
  if (!field)
    throw new InvalidConfigError(
      `incremental.cursor of ${context.step.source} is ${column}, which the data does not have. It has: ${schema.map(({ name }) => name).join(', ')}`,
    )
  const type = cursorType(field.type, column)
  if (type === opened.type) return opened
  if (opened.open.incremental.size !== undefined)
    throw new InvalidConfigError(
      `incremental.size of ${context.step.source} cuts a window of ${opened.type}, and ${column} is ${type}: say its type in the schema or in \`types\``,
    )
  return { ...windowOf(context, opened.open, type), range: opened.range }
}

const windowOf = (context: StepContext<IngestStep>, open: OpenCursor, type: CursorType): OpenWindow => {
  const { incremental, subject, standing, from } = open
  if (from !== undefined && isInstant(from) !== (type !== 'INT64'))
    throw new InvalidConfigError(
      `the cursor of step ${context.at.stepId} is at ${from}, and its column ${incremental.cursor} is ${type}: ` +
        (standing.value === undefined ? 'mend incremental.initial' : 'give the step another step_id to start anew'),
    )
  if (type === 'DATE' && (incremental.size ?? 0) % DAY_MS !== 0)
    throw new InvalidConfigError(`incremental.size of ${context.step.source}: ${incremental.cursor} counts whole days`)
  const { start, end, to } = type === 'INT64' ? numbersOf(open) : timesOf(context, open, type)
  const ends = { ...(start !== undefined && { start }), ...(end !== undefined && { end }) }
  return {
    range: ends,
    filter: { column: incremental.cursor, onNull: incremental.on_null, ...ends },
    cursor: {
      generation: standing.generation,
      ...subject,
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
    },
    type,
    open,
  }
}

interface Ends {
  readonly start?: string | undefined
  readonly end?: string | undefined
  /** Where the cursor goes; undefined: to the largest value seen. */
  readonly to?: string | undefined
}

/** Exclusive of the value that was seen: a number's window begins after it, a time's with it. */
const numbersOf = ({ standing, from }: OpenCursor): Ends => ({
  start: from === undefined || standing.value === undefined ? from : (BigInt(from) + 1n).toString(),
})

const timesOf = (context: StepContext, { incremental, standing, from }: OpenCursor, type: CursorType): Ends => {
  const endMs = Date.parse(context.run.logicalTime) - incremental.lag
  // Days are those of the pipeline's time zone; the day that has not ended is not in the window.
  const to = type === 'DATE' ? firstInstant(zonedDate(endMs, context.run.timezone)) : new Date(endMs).toISOString()
  if (from !== undefined && standing.value === undefined && from > to)
    throw new InvalidConfigError(
      `incremental.initial of ${context.step.step_id} is ${from}, after the run's window, which ends at ${to}: there is nothing to read yet`,
    )
  // A run for an earlier time than the cursor's has nothing left to read: its window is empty, and the cursor stays.
  const last = from !== undefined && from > to ? from : to
  const start = from === undefined ? undefined : new Date(Date.parse(from) - incremental.lookback).toISOString()
  const text = (instant: string): string => (type === 'DATE' ? instant.slice(0, 10) : instant)
  return { ...(start !== undefined && { start: text(start) }), end: text(last), to: last }
}

const firstInstant = (day: string): string => `${day}T00:00:00.000Z`

const declaredType = (
  context: StepContext<IngestStep>,
  { types, inherit }: RestResource,
  column: string,
): FieldType | undefined => {
  const { schema } = context.step.load
  if (schema !== undefined) return context.snapshot.schemas[schema]?.find(({ name }) => name === column)?.type
  return types[column]?.type ?? inherit[column]?.type?.type
}

const cursorType = (type: FieldType, column: string): CursorType => {
  if (type === 'TIMESTAMP' || type === 'DATE' || type === 'INT64') return type
  throw new InvalidConfigError(
    `incremental.cursor ${column} is ${type}: a cursor is a TIMESTAMP, a DATE or an INT64; say so in the schema or in \`types\``,
  )
}

const isInstant = (text: string): boolean => /^\d{4}-\d{2}-\d{2}T/.test(text)

/** A day becomes its first instant, so that all texts of one cursor have one form. */
const initialOf = (context: StepContext, template: string | undefined): string | undefined => {
  if (template === undefined) return undefined
  const text = renderTemplate(template, scopeOf(context))
  if (/^-?\d+$/.test(text)) return text
  const at = Date.parse(text)
  if (Number.isNaN(at))
    throw new InvalidConfigError(`incremental.initial "${text}" is neither a date, an instant nor a whole number`)
  return new Date(at).toISOString()
}
