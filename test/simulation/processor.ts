import { UnavailableError } from '@convergence/core/errors.ts'
import { largestCursor } from '@convergence/core/cursor.ts'
import type {
  ProcessedFile,
  ProcessInput,
  ProcessRequest,
  ProcessResult,
  RejectedRow,
  Sample,
} from '@convergence/core/ports/processor.ts'
import type { FieldType } from '@convergence/core/table.ts'

/**
 * The Processor port without polars, whose threads would escape the seed: cuts plain CSV at commas. A value that its column's type does
 * not hold rejects its row; a row whose first cell is `poison` ends the attempt as a dying child would.
 */
export type SimRow = Readonly<Record<string, string | null>>

/** What stands in a part's file. */
interface Part {
  /** `name type` of each column. */
  readonly columns: readonly string[]
  readonly rows: readonly SimRow[]
}

export const readPart = (body: Uint8Array): Part => JSON.parse(Buffer.from(body).toString('utf8')) as Part

export const processCsv = async (request: ProcessRequest): Promise<ProcessResult> => {
  const { columns, lines } = await readLines(request.input)
  const indexes = request.columns.map(({ source }) => columns.indexOf(source))
  const constants = request.constants.map(({ field, value }) => [field.name, value] as const)
  const rows: SimRow[] = []
  const rejected: RejectedRow[] = []
  let filtered = 0
  let max: string | undefined
  for (const [index, cells] of lines.entries()) {
    if (cells[0] === 'poison') throw new UnavailableError(`${request.input.origin}: the process died`)
    const own: Record<string, string | null> = {}
    for (const [at, { field }] of request.columns.entries()) own[field.name] = cells[indexes[at] ?? -1] ?? null
    const misfit = request.columns.find(({ field }) => !fits(own[field.name] ?? null, field.type))
    const isOutside = request.partitions && !request.partitions.values.includes(own[request.partitions.column] ?? '')
    if (misfit || isOutside) {
      rejected.push({
        origin: request.input.origin,
        position: request.input.firstRow + index,
        column: misfit?.field.name ?? null,
        value: misfit ? (own[misfit.field.name] ?? null) : null,
        reason: misfit ? 'does not fit' : 'outside the partitions',
        raw: cells.join(','),
      })
    } else if (isInWindow(own, request.window)) {
      const kept = request.maxOf === undefined ? undefined : (own[request.maxOf] ?? undefined)
      max = largestCursor(max, kept)
      for (const [name, value] of constants) own[name] = value
      rows.push(own)
    } else filtered++
  }
  const rejects = rejected.map((row) => ({
    ...Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value)])),
    ...Object.fromEntries(request.rejectConstants.map(({ field, value }) => [field.name, value])),
  }))
  const types = request.columns.map(({ field }) => `${field.name} ${field.type}`)
  return {
    parts: rows.length > 0 ? [fileOf({ columns: types, rows })] : [],
    rejects: rejects.length > 0 ? [fileOf({ columns: [], rows: rejects })] : [],
    counts: { fetched: lines.length, accepted: rows.length, rejected: rejected.length, filtered },
    unknownColumns: [],
    samples: rejected.slice(0, 5),
    ...(max !== undefined && { max }),
    peakBytes: 0,
    release: () => Promise.resolve(),
  }
}

export const sampleCsv = async (input: ProcessInput, limit: number): Promise<Sample> => {
  const { columns, lines } = await readLines(input)
  return { columns, rows: lines.slice(0, limit) }
}

const TEXTS: Partial<Record<FieldType, RegExp>> = {
  INT64: /^-?\d+$/,
  NUMERIC: /^-?\d+(\.\d+)?$/,
  DATE: /^\d{4}-\d\d-\d\d$/,
  TIMESTAMP: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/,
}

const fits = (value: string | null, type: FieldType): boolean => value === null || (TEXTS[type]?.test(value) ?? true)

/** Half-open. */
const isInWindow = (row: SimRow, window: ProcessRequest['window']): boolean => {
  const value = window && row[window.column]
  if (!window || value === undefined || value === null) return true
  const before = (a: string, b: string): boolean => a !== b && largestCursor(a, b) === b
  return (
    !(window.start !== undefined && before(value, window.start)) &&
    (window.end === undefined || before(value, window.end))
  )
}

const readLines = async (input: ProcessInput): Promise<{ columns: string[]; lines: string[][] }> => {
  const parts: Uint8Array[] = []
  // A body may use its memory again.
  for await (const bytes of input.body) parts.push(Uint8Array.from(bytes))
  const cut = (line: string): string[] => line.split(',').map((cell) => cell.replaceAll('"', ''))
  const lines = Buffer.concat(parts)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map(cut)
  const named = input.format.format === 'csv' ? input.format.columns : undefined
  return named ? { columns: [...named], lines } : { columns: lines[0] ?? [], lines: lines.slice(1) }
}

const fileOf = (part: Part): ProcessedFile => {
  const body = Buffer.from(JSON.stringify(part))
  return {
    body,
    rows: part.rows.length,
    bytes: body.length,
  }
}
