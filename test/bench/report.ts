import type { Figure } from './measure.ts'

/** A contestant's rounds in one line. */
export interface Line {
  readonly contestant: string
  /** Median. */
  readonly seconds: number
  readonly fastest: number
  readonly slowest: number
  readonly cpuSeconds: number
  readonly mbPerSecond?: number
  /** Of all rounds. */
  readonly peakMiB: number
}

export interface Target {
  readonly what: string
  readonly wanted: string
  readonly got: string
  readonly isMet: boolean
}

export interface Result {
  readonly title: string
  readonly lines: readonly Line[]
  readonly targets: readonly Target[]
  /** Further figures, for the eye. */
  readonly notes?: readonly string[]
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits))

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

export const lineOf = (contestant: string, figures: readonly Figure[], bytes?: number): Line => {
  const seconds = figures.map((figure) => figure.seconds)
  return {
    contestant,
    seconds: round(median(seconds), 2),
    fastest: round(Math.min(...seconds), 2),
    slowest: round(Math.max(...seconds), 2),
    cpuSeconds: round(median(figures.map((figure) => figure.cpuSeconds)), 1),
    ...(bytes !== undefined && { mbPerSecond: Math.round(bytes / 1e6 / median(seconds)) }),
    peakMiB: Math.max(...figures.map((figure) => figure.peakMiB)),
  }
}

export const atLeast = (what: string, got: number, wanted: number, unit = ''): Target => ({
  what,
  wanted: `at least ${wanted}${unit}`,
  got: `${round(got, 2)}${unit}`,
  isMet: got >= wanted,
})

export const atMost = (what: string, got: number, wanted: number, unit = ''): Target => ({
  what,
  wanted: `at most ${wanted}${unit}`,
  got: `${round(got, 2)}${unit}`,
  isMet: got <= wanted,
})

const HEAD = ['', 'median', 'fastest - slowest', 'CPU', 'rate', 'memory']

export const renderResult = ({ title, lines, targets, notes = [] }: Result): string => {
  const rows = lines.map((line) => [
    line.contestant,
    `${line.seconds.toFixed(2)} s`,
    `${line.fastest.toFixed(2)} - ${line.slowest.toFixed(2)} s`,
    `${line.cpuSeconds.toFixed(1)} s`,
    line.mbPerSecond === undefined ? '' : `${line.mbPerSecond} MB/s`,
    `${line.peakMiB} MiB`,
  ])
  const table = [HEAD, ...rows]
  const widths = HEAD.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  const text = table.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('   '),
  )
  const checks = targets.map(
    ({ what, wanted, got, isMet }) => `${isMet ? 'met   ' : 'MISSED'} ${what}: ${got} (${wanted})`,
  )
  return ['', title, ...text.map((line) => `  ${line}`), ...[...notes, ...checks].map((line) => `  ${line}`)].join('\n')
}
