import type { RejectedRow } from '@convergence/core/ports/processor.ts'
import { canonicalRow } from '../csv/canonical-row.ts'
import type { SpooledRejects } from '../job.ts'
import { SpoolFile } from './spool-file.ts'

const MAX_SAMPLES = 5
const SAMPLE_LENGTH = 1000

/** Rejected rows on their way to a reject part: position, column, value, reason, raw. The file is there only when there are rows. */
export class RejectsFile {
  readonly #file: SpoolFile
  readonly #origin: string
  readonly #samples: RejectedRow[] = []
  #rows = 0

  constructor(path: string, origin: string) {
    this.#file = new SpoolFile(path)
    this.#origin = origin
  }

  async add(row: Omit<RejectedRow, 'origin'>): Promise<void> {
    this.#rows++
    if (this.#samples.length < MAX_SAMPLES)
      this.#samples.push({ origin: this.#origin, ...row, value: row.value && cut(row.value), raw: cut(row.raw) })
    if (this.#file.add(canonicalRow([String(row.position), row.column, row.value, row.reason, row.raw])))
      await this.#file.flush()
  }

  abandon(): Promise<void> {
    return this.#file.abandon()
  }

  async close(): Promise<SpooledRejects> {
    if (this.#rows > 0) await this.#file.close()
    return { path: this.#file.path, rows: this.#rows, samples: this.#samples }
  }
}

const cut = (text: string): string => (text.length > SAMPLE_LENGTH ? `${text.slice(0, SAMPLE_LENGTH)}...` : text)
