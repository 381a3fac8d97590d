import { z } from 'zod'

/** Slot of an object_storage source: one file, or a slice of one, pinned by its generation. */
export const fileSlot = z.strictObject({
  name: z.string(),
  generation: z.string(),
  size: z.number(),
  /** Absent: the whole file. */
  slice: z
    .strictObject({ start: z.number(), end: z.number(), firstRow: z.number(), columns: z.array(z.string()).optional() })
    .optional(),
})
export type FileSlot = z.infer<typeof fileSlot>
