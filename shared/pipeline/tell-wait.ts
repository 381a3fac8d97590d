import { waitName } from '@convergence/core/names.ts'
import type { WaitNote } from '@convergence/core/plan.ts'
import { inBucket } from './documents.ts'
import type { StepContext } from './stage.ts'

/** A shorter wait is over before anybody has read of it. */
const WORTH_TELLING_MS = 1_000

/** A store takes one write of an object a second: what many chunks wait for, one of them has told. */
const MS_BETWEEN_WORDS = 1_000

/** Leaves word why a step stands still, and until when, for whoever watches. Of the words of one second the first stays. */
export const tellWait = async (context: StepContext, reason: string, waitMs: number): Promise<void> => {
  if (waitMs < WORTH_TELLING_MS) return
  const { objects, clock } = context.ports
  const ref = inBucket(context, waitName(context.at))
  const note: WaitNote = { version: 1, reason, until: new Date(clock.nowMs() + waitMs).toISOString() }
  const standing = await objects.head(ref)
  if (standing && clock.nowMs() - standing.updatedMs < MS_BETWEEN_WORDS) return
  await objects.put(ref, Buffer.from(JSON.stringify(note)), {
    ifGeneration: standing?.generation ?? null,
    contentType: 'application/json',
  })
}
