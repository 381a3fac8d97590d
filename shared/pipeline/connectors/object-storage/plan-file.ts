import type { FileResource } from '@convergence/core/config/source.ts'
import type { ObjectMeta, ObjectStore } from '@convergence/core/ports/object-store.ts'
import { csvDialect, type CsvDialect } from '../../process/csv/dialect.ts'
import type { SlotPlan } from '../connector.ts'
import { compressionOf } from './decompress.ts'
import type { FileSlot } from './slots.ts'
import { splitCsv, type FileSlice } from './split-csv.ts'

/** Flat in memory, and large enough that a chunk's own cost does not show. */
export const SLICE_BYTES = 64 << 20
/** A file a little larger is not worth a second chunk. */
const SPLIT_FROM = 1.5

/** NDJSON: a line is a record, whatever it holds. */
const LINES: CsvDialect = { delimiter: 0x2c, quote: -1 }

/** The slots of one file: slices of a large one that can be cut (CSV, NDJSON), else the file. Reads a large file once. */
export async function* planFile(
  objects: ObjectStore,
  file: ObjectMeta,
  resource: FileResource,
  sliceBytes = SLICE_BYTES,
): AsyncIterable<SlotPlan> {
  const { name, generation, size } = file
  const own: FileSlot = { name, generation, size }
  const splittable = (resource.format === 'csv' || resource.format === 'ndjson') && size > sliceBytes * SPLIT_FROM
  if (!splittable || (await isCompressed(objects, file))) {
    yield { label: name, slot: own, bytes: size }
    return
  }
  const csv = resource.format === 'csv' ? resource.csv : undefined
  const options = {
    origin: name,
    dialect: csv ? csvDialect(csv) : LINES,
    header: csv?.header ?? false,
    oneColumn: csv?.columns?.length === 1,
    sliceBytes,
  }
  for await (const slice of splitCsv(objects.read(file, { generation }), options)) yield slicePlan(own, slice)
}

const slicePlan = (file: FileSlot, { start, end, firstRow, records, columns }: FileSlice): SlotPlan => ({
  label: `${file.name} records ${firstRow} to ${firstRow + records - 1}`,
  slot: { ...file, slice: { start, end, firstRow, ...(columns && { columns: [...columns] }) } },
  bytes: end - start,
})

const isCompressed = async (objects: ObjectStore, file: ObjectMeta): Promise<boolean> => {
  let first = Buffer.alloc(0)
  for await (const bytes of objects.read(file, { generation: file.generation, start: 0, end: 4 }))
    first = Buffer.concat([first, bytes])
  return compressionOf(first) !== undefined
}
