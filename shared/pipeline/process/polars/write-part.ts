import { rm, stat } from 'node:fs/promises'
import pl, { type LazyDataFrame } from 'nodejs-polars'
import type { DoneFile } from '../job.ts'

/** Runs the plan into a zstd Parquet file. `eager`: binary columns, which the streaming engine of polars 0.25 aborts on. */
export const writePart = async (frame: LazyDataFrame, path: string, eager: boolean): Promise<DoneFile> => {
  if (eager) {
    const whole = await frame.collect()
    whole.writeParquet(path, { compression: 'zstd' })
  } else {
    await frame.sinkParquet(path, { compression: 'zstd', compressionLevel: 1 }).collect()
  }
  const rows = await countRows(path)
  return { path, rows, bytes: (await stat(path)).size }
}

/** The files that hold rows; the others are removed. */
export const withRows = async (files: readonly DoneFile[]): Promise<DoneFile[]> => {
  await Promise.all(files.filter((file) => file.rows === 0).map((file) => rm(file.path, { force: true })))
  return files.filter((file) => file.rows > 0)
}

const countRows = async (path: string): Promise<number> => {
  const counted = await pl.scanParquet(path, { glob: false }).select(pl.len().alias('rows')).collect()
  return Number(counted.getColumn('rows').get(0))
}
