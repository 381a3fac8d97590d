import { InvalidConfigError, LimitExceededError } from '@convergence/core/errors.ts'
import type { RestApiSource, RestResource } from '@convergence/core/config/source.ts'
import { applyFilter } from '@convergence/core/template-filters.ts'
import { renderTemplate } from '@convergence/core/templates.ts'
import { addDays, isDate } from '@convergence/core/zoned-time.ts'
import type { ConnectorContext, Json, SlotPlan } from '../connector.ts'

const DAY_MS = 86_400_000

/** Half-open; dates, or ISO instants. An end that is missing is open. */
interface Window {
  readonly start?: string | undefined
  readonly end?: string | undefined
}

export interface Slot {
  readonly window?: Window | undefined
}

/** One slot a window; one slot in all for a resource without windows. */
export async function* planSlots(
  context: ConnectorContext<RestApiSource>,
  resource: RestResource,
): AsyncGenerator<SlotPlan> {
  const { window, sizeMs } = windowOf(context, resource)
  if (window === undefined) {
    yield { label: context.resource, slot: {} }
    return
  }
  for (const part of cut(context, window, sizeMs)) {
    yield { label: `${context.resource} ${part.start ?? ''}/${part.end ?? ''}`, slot: { window: { ...part } } as Json }
  }
}

export const readSlot = (slot: Json): Slot => slot as Slot

const windowOf = (
  context: ConnectorContext<RestApiSource>,
  { windows, incremental }: RestResource,
): { window?: Window | undefined; sizeMs?: number | undefined } => {
  if (windows === undefined) return { window: context.scope.window, sizeMs: incremental?.size }
  const window = { start: renderTemplate(windows.from, context.scope), end: renderTemplate(windows.to, context.scope) }
  return { window, sizeMs: windows.size }
}

function* cut(context: ConnectorContext<RestApiSource>, window: Window, sizeMs: number | undefined): Generator<Window> {
  const { start, end } = window
  if (start === undefined || end === undefined || sizeMs === undefined) {
    yield window
    return
  }
  // Days stay days: one of them has 23 or 25 hours now and then.
  const byDay = isDate(start) && isDate(end) && sizeMs % DAY_MS === 0
  const instant = (text: string) => Date.parse(String(applyFilter(text, { name: 'iso' }, context.scope.timezone)))
  const [from, to] = byDay ? [Date.parse(start), Date.parse(end)] : [instant(start), instant(end)]
  if (from > to)
    throw new InvalidConfigError(`windows of ${context.resource} end at ${end}, before they begin at ${start}`)
  const most = context.operator.limits.max_chunks
  if ((to - from) / sizeMs > most) {
    throw new LimitExceededError(
      `${context.resource} has more than ${most} windows from ${start} to ${end}: make them larger (\`size\`)`,
    )
  }
  for (let at = from; at < to; at += sizeMs) {
    const next = Math.min(at + sizeMs, to)
    yield byDay
      ? { start: addDays(start, (at - from) / DAY_MS), end: addDays(start, (next - from) / DAY_MS) }
      : { start: isoOf(at), end: isoOf(next) }
  }
}

const isoOf = (ms: number): string => new Date(ms).toISOString()
