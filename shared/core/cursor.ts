import { z } from 'zod'

/** How far an incremental step has come. Belongs to (tenant, pipeline, step); names what it counts, so that a changed config is noticed. */
export const cursorDocument = z.strictObject({
  version: z.literal(1),
  source: z.string(),
  column: z.string(),
  table: z.string(),
  value: z.string().optional(),
  /** Number of moves. */
  generation: z.int().min(0),
  /** The run that may move it: does not expire, is retaken only from an ended run. */
  heldBy: z.string().optional(),
})
export type CursorDocument = z.infer<typeof cursorDocument>

/** The larger of two values: they are ISO instants of one form, or integers. */
export const largestCursor = (a: string | undefined, b: string | undefined): string | undefined => {
  if (a === undefined || b === undefined) return a ?? b
  if (/^-?\d+$/.test(a) && /^-?\d+$/.test(b)) return BigInt(a) > BigInt(b) ? a : b
  return a > b ? a : b
}
