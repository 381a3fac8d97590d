import { describe, expect, it } from 'vitest'
import { readSqlFile } from './sql-file.ts'

const names = (text: string) => {
  const { tables, parameters, problems } = readSqlFile(text)
  return { tables: tables.map((one) => one.name), parameters: parameters.map((one) => one.name), problems: problems.map((one) => one.message) }
}

describe('a SQL file', () => {
  it('refers to tables and parameters, not to what comments and texts hold', () => {
    const text = `-- @a {{ x }}\n# @b\n/* @c {{ y.z }} */ SELECT '@d', "@e", r'\\d@f', """@g\n""", \`@h\`, @i, 'it''s @j', '\\'@k'\nFROM {{ raw.t }} JOIN {{raw.u}} ON @l = 1`
    expect(names(text)).toEqual({ tables: ['raw.t', 'raw.u'], parameters: ['i', 'l'], problems: [] })
    const [table] = readSqlFile(text).tables
    expect(text.slice(table?.start, table?.end)).toBe('{{ raw.t }}')
  })

  it.each([
    ['SELECT {{ parameters.day }}', '{{ parameters.day }}: parameters is no dataset; parameters are bound, @name'],
    ['SELECT * FROM {{ t }}', '{{ t }} is not a table: in SQL a template names a table, {{ dataset.table }}, and nothing else'],
    ['SELECT * FROM {{ a.b | json }}', '{{ a.b | json }} is not a table: in SQL a template names a table, {{ dataset.table }}, and nothing else'],
    ['SELECT * FROM {{ a.b', '{{ has no partner'],
    ['SELECT * FROM `{{ a.b }}`', 'a template inside quotes names no table: write {{ dataset.table }} without quotes'],
    ['SELECT @@project_id', 'system variables (@@) are not available'],
    ['  \n', 'is empty: one SELECT is needed'],
  ])('%j is refused', (text, problem) => {
    expect(names(text).problems).toEqual([problem])
  })
})
