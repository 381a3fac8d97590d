import { InternalError } from '@convergence/core/errors.ts'
import { fileSlot, type FileSlot } from '@convergence/core/file-slot.ts'
import type { Json } from '../connector.ts'

export type { FileSlot } from '@convergence/core/file-slot.ts'

export const parseSlot = (slot: Json): FileSlot => {
  const parsed = fileSlot.safeParse(slot)
  if (!parsed.success) throw new InternalError(`not a slot of an object_storage source: ${JSON.stringify(slot)}`)
  return parsed.data
}
