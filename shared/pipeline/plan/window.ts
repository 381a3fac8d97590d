import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import { InvalidConfigError } from '@convergence/core/errors.ts'
import type { PlanHead } from '@convergence/core/plan.ts'
import { tableName } from '@convergence/core/table.ts'
import type { TemplateScope } from '@convergence/core/templates.ts'
import { resourceOf } from '../connectors/registry.ts'
import { targetOf, type StepContext } from '../stage.ts'
import { holdCursor } from './cursor.ts'

export interface OpenWindow {
  /** What the connector asks its source for. */
  readonly range: NonNullable<TemplateScope['window']>
  /** What is kept of what it sent, whatever that was. */
  readonly filter: NonNullable<PlanHead['window']>
  readonly cursor: NonNullable<PlanHead['cursor']>
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
  const { cursor } = hold
  const from = cursor.value ?? (incremental.initial === undefined ? undefined : cursorText(incremental.initial))
  const isTime = from === undefined ? !incremental.unique : isInstant(from)
  const start = from !== undefined && isTime ? back(from, incremental.lookback) : from
  // Exclusive of the value that was seen: a number's window begins after it, a time's with it.
  const to = isTime ? new Date(Date.parse(context.run.logicalTime) - incremental.lag).toISOString() : undefined
  if (isTime && to !== undefined && from !== undefined && from > to)
    throw new InvalidConfigError(
      `the cursor of step ${context.at.stepId} is at ${from}, after the run's window, which ends at ${to}: a run for an earlier time has nothing to read`,
    )
  const ends = {
    ...(start !== undefined && { start: isTime || cursor.value === undefined ? start : after(start) }),
    ...(to !== undefined && { end: to }),
  }
  return {
    range: ends,
    filter: { column: incremental.cursor, onNull: incremental.on_null, ...ends },
    cursor: {
      generation: cursor.generation,
      ...subject,
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
    },
  }
}

/** A window over a DATE column holds whole days: both ends go back to the beginning of theirs. */
export const alignToDays = (window: OpenWindow): OpenWindow => {
  const day = (text: string) => text.slice(0, 10)
  const days = ({ start, end }: { start?: string | undefined; end?: string | undefined }) => ({
    ...(start !== undefined && { start: day(start) }),
    ...(end !== undefined && { end: day(end) }),
  })
  const { to } = window.cursor
  return {
    range: window.range,
    filter: { column: window.filter.column, onNull: window.filter.onNull, ...days(window.filter) },
    cursor: { ...window.cursor, ...(to !== undefined && { to: `${day(to)}T00:00:00.000Z` }) },
  }
}

const isInstant = (text: string): boolean => /^\d{4}-\d{2}-\d{2}T/.test(text)

/** A day becomes its first instant, so that all texts of one cursor have one form. */
const cursorText = (text: string): string => {
  if (/^-?\d+$/.test(text)) return text
  const at = Date.parse(text)
  if (Number.isNaN(at))
    throw new InvalidConfigError(`incremental.initial "${text}" is neither a date, an instant nor a whole number`)
  return new Date(at).toISOString()
}

const back = (instant: string, ms: number): string => new Date(Date.parse(instant) - ms).toISOString()

const after = (value: string): string => (BigInt(value) + 1n).toString()
