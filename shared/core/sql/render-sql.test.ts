import { describe, expect, it } from 'vitest'
import type { QueryParameter } from '../ports/warehouse.ts'
import { renderSql } from './render-sql.ts'

const DAY: QueryParameter = { name: 'usage_date', type: 'DATE', value: '2026-01-31' }
const OTHER: QueryParameter = { name: 'other', type: 'STRING', value: 'x' }
const render = (text: string): ReturnType<typeof renderSql> =>
  renderSql(text, { tenant: 'acme', parameters: [DAY, OTHER], file: 'daily_cost.sql' })

describe('a SQL file', () => {
  it('names its tables by template and gets the parameters that it uses', () => {
    const text =
      '-- One row a day.\nSELECT 1 FROM {{ raw_openai.usage_daily }} JOIN {{raw.x}} USING (a) WHERE usage_date = @usage_date'
    expect(render(text)).toEqual({
      sql: text,
      tables: {
        'raw_openai.usage_daily': { tenant: 'acme', dataset: 'raw_openai', table: 'usage_daily' },
        'raw.x': { tenant: 'acme', dataset: 'raw', table: 'x' },
      },
      parameters: [DAY],
      maxBytesBilled: undefined,
    })
  })

  it('has no tables and parameters in strings and comments', () => {
    const query = render(`SELECT '{{ a.b }} @c', "@d" -- {{ e.f }}\n/* @g */`)
    expect([query.tables, query.parameters]).toEqual([{}, []])
  })

  it('is refused with all its problems at once, each with its place', () => {
    const text = `SELECT @usage_dat, {{ parameters.usage_date }}\nFROM {{ Raw.Usage }}, {{ usage }}, {{ run.id }}, {{ a.b | json }}`
    expect(() => render(text)).toThrow(
      [
        'daily_cost.sql:1:8: the run has no parameter @usage_dat (it has @usage_date, @other)',
        'daily_cost.sql:1:20: {{ parameters.usage_date }} does not name a table: parameters is not a dataset; write the parameter as @usage_date',
        'daily_cost.sql:2:6: {{ Raw.Usage }} does not name a table: in SQL a template is {{ dataset.table }}, in lower case, and nothing else',
        'daily_cost.sql:2:23: {{ usage }} does not name a table: in SQL a template is {{ dataset.table }}, in lower case, and nothing else',
        'daily_cost.sql:2:36: {{ run.id }} does not name a table: run is not a dataset',
        'daily_cost.sql:2:50: {{ a.b | json }} does not name a table: in SQL a template is {{ dataset.table }}, in lower case, and nothing else',
      ].join('\n'),
    )
  })

  it('is refused when it is empty, or a string is open, under the name of the file', () => {
    expect(() => render('-- nothing')).toThrow('daily_cost.sql:1:1: there is no SELECT in it')
    expect(() => render(`SELECT 'x`)).toThrow('daily_cost.sql:1:8: this string is never closed')
  })
})
