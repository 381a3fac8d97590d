import { expect, test } from 'vitest'
import { createStyle } from './style.ts'
import { renderTable } from './table.ts'

const style = createStyle(false)
const COLUMNS = [{ title: 'name' }, { title: 'rows', align: 'right' as const }]

test('numbers stand at the right, and a total is set off', () => {
  expect(
    renderTable(
      COLUMNS,
      [
        ['a', '1'],
        ['bb', '1,000'],
      ],
      { style, width: 80, footer: ['total', '1,001'] },
    ),
  ).toBe(
    `name    rows
─────  ─────
a          1
bb     1,000
─────  ─────
total  1,001
`,
  )
})

test('a table that is too wide becomes a block for each row', () => {
  expect(
    renderTable(
      COLUMNS,
      [
        ['a', '1'],
        ['b', '2'],
      ],
      { style, width: 5 },
    ),
  ).toBe('name  a\nrows  1\n\nname  b\nrows  2\n')
})

test('control characters of data cannot reach the terminal', () => {
  const text = renderTable(COLUMNS, [['a\u001B[2Jb\nc\u0007', '1']], { style, width: 80 })
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F]/)
})
