import { cursorDocument, type CursorDocument } from '@convergence/core/cursor.ts'
import { ConflictError, InvalidConfigError } from '@convergence/core/errors.ts'
import { cursorKey } from '@convergence/core/names.ts'
import type { PlanHead } from '@convergence/core/plan.ts'
import { runEnded } from '@convergence/core/run/run.ts'
import { readRun, type StepContext } from '../stage.ts'

export interface CursorSubject {
  readonly source: string
  readonly column: string
  readonly table: string
}

export type Hold =
  | { readonly outcome: 'held'; readonly cursor: CursorDocument }
  | { readonly outcome: 'busy'; readonly heldBy: string }

/**
 * Takes the step's cursor for this run. A hold does not expire: it passes to another run only when its holder has ended. A cursor of
 * another source, column or table is not this step's: its config was changed, and going on would skip or repeat rows.
 */
export const holdCursor = async (context: StepContext, subject: CursorSubject): Promise<Hold> => {
  const key = cursorKey(context.run.tenant, context.run.pipelineId, context.at.stepId)
  for (;;) {
    const entry = await context.ports.state.get(key)
    const cursor: CursorDocument = entry ? cursorDocument.parse(entry.value) : { version: 1, ...subject, generation: 0 }
    refuseMismatch(context, cursor, subject)
    if (cursor.heldBy === context.run.runId) return { outcome: 'held', cursor }
    if (cursor.heldBy !== undefined) {
      const holder = await readRun(context, cursor.heldBy)
      if (holder && !runEnded(holder)) return { outcome: 'busy', heldBy: cursor.heldBy }
    }
    const held = { ...cursor, heldBy: context.run.runId }
    const put = await context.ports.state.compareAndSet(key, entry?.version ?? null, held)
    if (put.outcome === 'written') return { outcome: 'held', cursor: held }
  }
}

const refuseMismatch = (context: StepContext, cursor: CursorDocument, subject: CursorSubject): void => {
  for (const what of ['source', 'column', 'table'] as const) {
    if (cursor[what] === subject[what]) continue
    throw new InvalidConfigError(
      `the cursor of ${context.run.pipelineId}.${context.at.stepId} counts ${what} ${cursor[what]}, the config now says ${subject[what]}: ` +
        'give the step another step_id to start anew, or change the config back',
    )
  }
}

/** Moves the cursor to where the plan's window ended. A later generation under one's own hold is one's own move. */
export const moveCursor = async (
  context: StepContext,
  plan: NonNullable<PlanHead['cursor']>,
  to: string | undefined,
): Promise<void> => {
  if (to === undefined) return
  const key = cursorKey(context.run.tenant, context.run.pipelineId, context.at.stepId)
  for (;;) {
    const entry = await context.ports.state.get(key)
    const cursor = entry && cursorDocument.parse(entry.value)
    if (!entry || !cursor || cursor.heldBy !== context.run.runId)
      throw new ConflictError(
        `the cursor of ${context.run.pipelineId}.${context.at.stepId} is no longer held by ${context.run.runId}`,
      )
    if (cursor.generation > plan.generation) return
    const moved = { ...cursor, value: to, generation: cursor.generation + 1 }
    if ((await context.ports.state.compareAndSet(key, entry.version, moved)).outcome === 'written') return
  }
}
