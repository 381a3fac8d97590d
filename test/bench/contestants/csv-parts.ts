import { open, rename } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { SLICE_BYTES } from '@convergence/pipeline/connectors/object-storage/plan-file.ts'
import { readPieces } from '@convergence/local/objects/files.ts'
import { splitCsv } from '@convergence/pipeline/connectors/object-storage/split-csv.ts'
import { csvDialect } from '@convergence/pipeline/process/csv/dialect.ts'
import { PolarsProcessor } from '@convergence/pipeline/process/polars-processor.ts'
import { lineitemColumns, type AmountType } from '../csv-lineitem.ts'

const CSV = { delimiter: ',', quote: '"' } as const

/** A CSV file to Parquet parts in `folder`: the slices of a plan, each through the processor, as chunk tasks do it. */
export default async ({
  csv,
  folder,
  amounts,
}: {
  csv: string
  folder: string
  amounts: AmountType
}): Promise<void> => {
  const processor = new PolarsProcessor({ directory: folder })
  const columns = lineitemColumns(amounts).map((field) => ({ field, source: field.name }))
  const file = await open(csv)
  const { size } = await file.stat()
  const slices = splitCsv(readPieces(file, 0, size), {
    origin: 'lineitem',
    dialect: csvDialect(CSV),
    header: true,
    sliceBytes: SLICE_BYTES,
  })[Symbol.asyncIterator]()
  let parts = 0
  const lane = async (): Promise<void> => {
    for (let next = await slices.next(); !next.done; next = await slices.next()) {
      const { start, end, firstRow, columns: names } = next.value
      const format = { format: 'csv', ...CSV, header: false, columns: names, nullValues: [''] } as const
      const body = readPieces(file, start, end)
      const result = await processor.process({
        input: { format, body, origin: 'lineitem', firstRow },
        columns,
        ignored: [],
        constants: [],
        rejectConstants: [],
      })
      for (const { body: part } of result.parts)
        if ('path' in part) await rename(part.path, join(folder, `part-${parts++}.parquet`))
      await result.release()
    }
  }
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, lane))
  await Promise.all([processor.close(), file.close()])
}
