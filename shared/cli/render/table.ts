import CliTable from 'cli-table3'
import { visibleLength, type Style } from './style.ts'

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

export interface TableOptions {
  readonly style: Style
  /** Of the terminal: a table that is wider is written as a block of lines for each row. */
  readonly width: number
  /** Under the rows, set off from them. */
  readonly footer?: readonly string[] | undefined
}

const NO_FRAME = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ].map((part) => [part, '']),
)

/** Columns under their titles, without a frame; ends with a line break. */
export const renderTable = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: TableOptions,
): string => {
  const all = options.footer ? [...rows, options.footer] : rows
  const clean = all.map((row) => row.map(oneLine))
  const widths = columns.map(({ title }, index) =>
    Math.max(visibleLength(title), ...clean.map((row) => visibleLength(row[index] ?? ''))),
  )
  const gap = GAPS.find((one) => widths.reduce((sum, width) => sum + width, one * (widths.length - 1)) <= options.width)
  return gap === undefined
    ? asBlocks(columns, clean, options.style)
    : asTable(columns, clean, { ...options, widths, gap })
}

/** Spaces between columns; fewer where the terminal is narrow. */
const GAPS = [2, 1]

const asTable = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { style, footer, widths, gap }: TableOptions & { readonly widths: readonly number[]; readonly gap: number },
): string => {
  const table = new CliTable({
    head: columns.map(({ title }) => style.bold(title)),
    chars: { ...NO_FRAME, middle: ' '.repeat(gap) },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colAligns: columns.map(({ align }) => align ?? 'left'),
  })
  const rule = widths.map((one) => style.dim('─'.repeat(one)))
  const body = footer ? [...rows.slice(0, -1), rule, rows.at(-1)!] : rows
  for (const row of [rule, ...body]) table.push([...row])
  const lines = table.toString().split('\n')
  return lines.map((line) => `${line.trimEnd()}\n`).join('')
}

const asBlocks = (columns: readonly Column[], rows: readonly (readonly string[])[], style: Style): string => {
  const widest = Math.max(...columns.map(({ title }) => title.length))
  const block = (row: readonly string[]): string =>
    columns
      .map(({ title }, index) => ({ title, value: row[index] ?? '' }))
      .filter(({ value }) => value !== '')
      .map(({ title, value }) => `${style.dim(title.padEnd(widest))}  ${value}\n`)
      .join('')
  return rows.map(block).join('\n')
}

/** A cell is one line: control characters of data could redraw the screen. */
const oneLine = (text: string): string => text.replaceAll(/[\n\r\t]+/g, ' ').replaceAll(CONTROL, '\uFFFD')

// oxlint-disable-next-line no-control-regex -- all but the ones that begin our own colours
const CONTROL = /[\u0000-\u001A\u001C-\u001F\u007F-\u009F]|\u001B(?!\[\d{1,2}m)/g
