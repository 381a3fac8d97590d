import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type {
  ProcessInput,
  Processor,
  ProcessRequest,
  ProcessResult,
  Sample,
} from '@convergence/core/ports/processor.ts'
import type { DoneFile } from './job.ts'
import { sampleCsv, sampleJson } from './sample-text.ts'
import { spoolBytes, spoolInput } from './spool/spool-input.ts'
import { TableJobs } from './table-jobs.ts'
import { WorkerPool } from './worker-pool.ts'

export interface PolarsProcessorOptions {
  /** Folder for temporary files; the system's when absent. */
  readonly directory?: string | undefined
  /** Child processes at a time; as many as cores, two at most, when absent: more gain nothing, and each holds some hundred MiB. */
  readonly children?: number | undefined
  /** Threads of polars in each child; all cores when absent. */
  readonly threads?: number | undefined
  /** Module of the child process, where it does not stand beside this one (bundles). */
  readonly worker?: string | undefined
}

/** polars in child processes. Bodies are spooled to files of ours here; the children type them and write the parts. */
export class PolarsProcessor implements Processor {
  readonly #directory: string
  readonly #pool: WorkerPool

  constructor(options: PolarsProcessorOptions = {}) {
    const cores = availableParallelism()
    this.#directory = options.directory ?? tmpdir()
    this.#pool = new WorkerPool({
      size: options.children ?? Math.min(cores, 2),
      threads: options.threads ?? cores,
      worker: options.worker,
    })
  }

  async process(request: ProcessRequest): Promise<ProcessResult> {
    const directory = await this.#makeDirectory()
    const release = (): Promise<void> => rm(directory, { recursive: true, force: true })
    const { input, ...rest } = request
    const jobs = new TableJobs(
      this.#pool,
      { ...rest, origin: input.origin, firstRow: input.firstRow },
      directory,
      input.piecemeal ?? false,
    )
    try {
      const known = new Set([...request.columns.map((column) => column.source), ...request.ignored])
      const unknown = await spoolInput(input, request.columns, [...known], jobs)
      const { done, peakBytes } = await jobs.result()
      const { parts, rejects, counts, samples, names, max } = done
      const unknownColumns = (unknown ?? names).filter((name) => !known.has(name))
      const files = (list: readonly DoneFile[]) => list.map(({ path, ...file }) => ({ body: { path }, ...file }))
      return {
        parts: files(parts),
        rejects: files(rejects),
        counts,
        unknownColumns,
        samples,
        ...(max !== undefined && { max }),
        peakBytes,
        release,
      }
    } catch (error) {
      await jobs.settled()
      await release()
      throw error
    }
  }

  async sample(input: ProcessInput, limit: number): Promise<Sample> {
    const { format } = input
    if (format.format === 'csv') return sampleCsv(input, format, limit)
    if (format.format !== 'parquet') return sampleJson(input, format, limit)
    const directory = await this.#makeDirectory()
    try {
      const parquet = await spoolBytes(input, join(directory, 'input.parquet'))
      return (await this.#pool.run({ type: 'sample', parquet, origin: input.origin, limit }, input.origin))
        .result as Sample
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  #makeDirectory(): Promise<string> {
    return mkdtemp(join(this.#directory, 'convergence-process-'))
  }
}
