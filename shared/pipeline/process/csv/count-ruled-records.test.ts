import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { TargetColumn } from '@convergence/core/ports/processor.ts'
import { rowRules } from '../row-rules.ts'
import { column } from '../testing.ts'
import { cellRules, type CellRules } from './cell-rules.ts'
import { countRuledRecords, UNRULED } from './count-ruled-records.ts'

const COMMA = 0x2c
const COLUMNS: readonly TargetColumn[] = [
  column('id', 'INT64', { mode: 'REQUIRED' }),
  column('text', 'STRING'),
  column('price', 'NUMERIC', { precision: 5, scale: 2 }),
  column('day', 'DATE'),
]
const rules = (columns: readonly TargetColumn[]): CellRules =>
  cellRules(
    columns.map(({ source }) => source),
    columns,
  ) as CellRules

const INTEGERS = ['1', '-0', '+7', '007', '999999999999999999']
const PRICES = ['', '1', '-0.5', '+.25', '5.', '999.99', '000']
const DAYS = ['', '2024-02-29', '0001-01-01', '9999-12-31', '2000-02-29', '2023-12-31']
const BAD = {
  id: ['', '1.0', ' 1', '1 ', '-', '1e3', '9999999999999999999', 'x', '１'],
  price: ['1.234', '1000', '.', '-', '1e2', ' 1', '1.2.3', 'NaN', '1,0', '0001'],
  day: [
    '2023-02-29',
    '1900-02-29',
    '0000-01-01',
    '2024-13-01',
    '2024-00-01',
    '2024-04-31',
    '2024-01-00',
    '2024-1-05',
    '+2024-1-05',
    '2024/01/05',
    '2024-01-05 ',
    '2024-01-0',
    '20240105',
  ],
} as const

it('takes every cell that keeps its rule, whatever ends the lines', () => {
  const row = fc.tuple(
    fc.constantFrom(...INTEGERS),
    fc.stringMatching(/^[a-zé .-]{0,9}$/),
    fc.constantFrom(...PRICES),
    fc.constantFrom(...DAYS),
  )
  fc.assert(
    fc.property(fc.array(row, { maxLength: 8 }), fc.constantFrom('\n', '\r\n'), fc.nat(4), (rows, end, turn) => {
      // Each column comes to stand last, where a CR belongs to the end of the line.
      const turned = <T>(list: readonly T[]): T[] => [...list.slice(turn), ...list.slice(0, turn)]
      const lines = rows.map((cells) => `${turned(cells).join(',')}${end}`).join('')
      expect(countRuledRecords(Buffer.from(lines), rules(turned(COLUMNS)), COMMA)).toBe(rows.length)
      const read = rowRules({ columns: COLUMNS })
      for (const cells of rows) expect(read(cells.map((cell) => (cell === '' ? null : cell))).outcome).toBe('accepted')
    }),
  )
})

it('takes no line with one cell that does not, or with more or fewer cells', () => {
  const good = '1,a,0.10,2024-01-05\n'
  const cells = ['1', 'a', '0.10', '2024-01-05']
  const lines = Object.entries(BAD).flatMap(([name, texts]) =>
    texts.map((text) =>
      cells
        .with(
          COLUMNS.findIndex(({ source }) => source === name),
          text,
        )
        .join(','),
    ),
  )
  for (const line of [...lines, '1,a,0.10', '1,a,0.10,2024-01-05,', '', '1'])
    for (const end of ['\n', '\r\n'])
      expect([line, countRuledRecords(Buffer.from(`${good}${line}${end}${good}`), rules(COLUMNS), COMMA)]).toEqual([
        line,
        UNRULED,
      ])
})

it('has no rule for what is not read as it stands: other types, `parse`, a column that two targets read', () => {
  const twice = [column('a', 'INT64', { source: 'n' }), column('b', 'NUMERIC', { source: 'n' })]
  expect(cellRules(['n'], twice)).toBeUndefined()
  expect(cellRules(['t'], [column('t', 'DATE', { parse: 'unix' })])).toBeUndefined()
  expect(cellRules(['t'], [column('t', 'TIMESTAMP')])).toBeUndefined()
})
