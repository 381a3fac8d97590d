import { z } from 'zod'
import { InternalError } from '@convergence/core/errors.ts'
import type { Json } from '../connector.ts'

/** One file, or a slice of one. */
const fileSlot = z.strictObject({
  name: z.string(),
  generation: z.string(),
  size: z.number(),
  /** Absent: the whole file. */
  slice: z
    .strictObject({ start: z.number(), end: z.number(), firstRow: z.number(), columns: z.array(z.string()).optional() })
    .optional(),
})
export type FileSlot = z.infer<typeof fileSlot>

export const parseSlot = (slot: Json): FileSlot => {
  const parsed = fileSlot.safeParse(slot)
  if (!parsed.success) throw new InternalError(`not a slot of an object_storage source: ${JSON.stringify(slot)}`)
  return parsed.data
}
