import { markerName } from '@convergence/core/names.ts'
import { marker, type Marker, type PlanHead } from '@convergence/core/plan.ts'
import { readDocument } from '../documents.ts'
import type { StepContext } from '../stage.ts'

/** The marker of a chunk that the run before has done: its parts count for this one. Undefined: the chunk is to be read. */
export const takeMarker = async (
  context: StepContext,
  { takenFrom }: PlanHead,
  chunk: number,
): Promise<Marker | undefined> => {
  if (takenFrom === undefined) return undefined
  const before = await readDocument(context, markerName({ ...context.at, runId: takenFrom }, chunk), marker)
  return before?.status === 'done' ? before : undefined
}
