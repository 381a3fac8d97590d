import type { FileResource } from '@convergence/core/config/source.ts'
import type { InputFormat, ProcessInput } from '@convergence/core/ports/processor.ts'
import type { ObjectStore } from '@convergence/core/ports/object-store.ts'
import { decompress } from './decompress.ts'
import type { FileSlot } from './slots.ts'

export interface ReadSliceOptions {
  readonly objects: ObjectStore
  readonly bucket: string
  readonly resource: FileResource
  /** Of one file, decompressed. */
  readonly maxBytes: number
}

/** A slot as the processor's input: the pinned generation of the file, decompressed, positions as in the whole file. */
export const readSlice = (slot: FileSlot, { objects, bucket, resource, maxBytes }: ReadSliceOptions): ProcessInput => {
  const { name, generation, slice } = slot
  const range = slice && { start: slice.start, end: slice.end }
  const content = objects.read({ bucket, name }, { generation, ...range })
  const whole = slice === undefined && resource.format !== 'parquet'
  return {
    format: inputFormat(resource, slice?.columns),
    body: whole ? decompress(content, { origin: name, maxBytes }) : content,
    origin: name,
    firstRow: slice?.firstRow ?? 1,
    piecemeal: whole,
  }
}

/** `columns`: the header's names, for a slice that lies behind it. */
const inputFormat = (resource: FileResource, columns?: readonly string[]): InputFormat => {
  switch (resource.format) {
    case 'csv': {
      const { delimiter, quote, header, null_values: nullValues } = resource.csv
      const names = columns ?? resource.csv.columns
      return {
        format: 'csv',
        delimiter,
        quote,
        nullValues,
        header: header && columns === undefined,
        ...(names && { columns: names }),
      }
    }
    case 'ndjson':
      return { format: 'ndjson' }
    case 'json':
      return { format: 'json', records: resource.records }
    default:
      return { format: 'parquet' }
  }
}
