import { createHash } from 'node:crypto'
import { UnavailableError } from '@convergence/core/errors.ts'
import type {
  ProcessedFile,
  ProcessInput,
  ProcessRequest,
  ProcessResult,
  RejectedRow,
  Sample,
} from '@convergence/core/ports/processor.ts'

/**
 * The Processor port without polars, whose threads would escape the seed: cuts plain CSV at commas. A value `bad` fits no column; a row
 * whose first cell is `poison` ends the attempt as a dying child would.
 */
export type SimRow = Readonly<Record<string, string | null>>

export const processCsv = async (request: ProcessRequest): Promise<ProcessResult> => {
  const { columns, lines } = await readLines(request.input)
  const rows: SimRow[] = []
  const rejected: RejectedRow[] = []
  for (const [index, line] of lines.entries()) {
    const cells = line.split(',')
    if (cells[0] === 'poison') throw new UnavailableError(`${request.input.origin}: the process died`)
    const position = request.input.firstRow + index
    const bad = cells.findIndex((cell) => cell === 'bad')
    const own = Object.fromEntries(
      request.columns.map(({ field, source }) => [field.name, cells[columns.indexOf(source)] ?? null]),
    )
    const outside = request.partitions && !request.partitions.values.includes(own[request.partitions.column] ?? '')
    if (bad < 0 && !outside) {
      rows.push({ ...own, ...Object.fromEntries(request.constants.map(({ field, value }) => [field.name, value])) })
      continue
    }
    const reason = outside ? 'outside the partitions' : 'does not fit'
    rejected.push({
      origin: request.input.origin,
      position,
      column: columns[bad] ?? null,
      value: 'bad',
      reason,
      raw: line,
    })
  }
  const rejects = rejected.map((row) => ({
    ...Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value)])),
    ...Object.fromEntries(request.rejectConstants.map(({ field, value }) => [field.name, value])),
  }))
  return {
    parts: rows.length > 0 ? [fileOf(rows)] : [],
    rejects: rejects.length > 0 ? [fileOf(rejects)] : [],
    counts: { fetched: lines.length, accepted: rows.length, rejected: rejected.length, filtered: 0 },
    unknownColumns: [],
    samples: rejected.slice(0, 5),
    peakBytes: 0,
    release: () => Promise.resolve(),
  }
}

export const sampleCsv = async (input: ProcessInput, limit: number): Promise<Sample> => {
  const { columns, lines } = await readLines(input)
  return { columns, rows: lines.slice(0, limit).map((line) => line.split(',')) }
}

const readLines = async (input: ProcessInput): Promise<{ columns: string[]; lines: string[] }> => {
  const parts: Uint8Array[] = []
  for await (const bytes of input.body) parts.push(bytes)
  const [header = '', ...lines] = Buffer.concat(parts).toString('utf8').trimEnd().split('\n')
  return { columns: header.split(','), lines: lines.filter((line) => line !== '') }
}

const fileOf = (rows: readonly SimRow[]): ProcessedFile => {
  const body = Buffer.from(JSON.stringify(rows))
  return {
    body,
    rows: rows.length,
    bytes: body.length,
    crc32c: createHash('sha256').update(body).digest('base64').slice(0, 8),
  }
}
