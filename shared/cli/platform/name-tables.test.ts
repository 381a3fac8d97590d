import { expect, test } from 'vitest'
import { nameTables } from './name-tables.ts'

test.each([
  ['SELECT * FROM silver_cost.daily_cost', 'SELECT * FROM {{ silver_cost.daily_cost }}'],
  ['SELECT * FROM `silver_cost.daily_cost` WHERE a.b = 1', 'SELECT * FROM {{ silver_cost.daily_cost }} WHERE a.b = 1'],
  ['select 1 from a.b as x join c.d using (id)', 'select 1 from {{ a.b }} as x join {{ c.d }} using (id)'],
  ['SELECT a.b, c.d FROM r.s, t.u', 'SELECT a.b, c.d FROM {{ r.s }}, {{ t.u }}'],
  [
    'SELECT 1 FROM (SELECT 1 FROM a.b) WHERE x IN (SELECT y FROM c.d)',
    'SELECT 1 FROM (SELECT 1 FROM {{ a.b }}) WHERE x IN (SELECT y FROM {{ c.d }})',
  ],
  ["SELECT 'FROM a.b' FROM a.b -- FROM c.d", "SELECT 'FROM a.b' FROM {{ a.b }} -- FROM c.d"],
])('names the tables of %s', (sql, named) => {
  expect(nameTables(sql).sql).toBe(named)
})

test.each([
  'SELECT * FROM {{ a.b }}',
  'SELECT item FROM {{ a.b }} AS o, o.items AS item',
  'SELECT item FROM {{ a.b }} o, o.items',
  'WITH a AS (SELECT 1) SELECT * FROM a',
  'SELECT * FROM project.a.b',
  'SELECT EXTRACT(DAY FROM t.day) FROM {{ a.b }} AS t',
  'SELECT * FROM {{ a.b }} AS x WHERE x.c IN (x.d, x.e)',
])('leaves %s as it is', (sql) => {
  expect(nameTables(sql).sql).toBe(sql)
})

test('positions in messages are those of what was typed', () => {
  const { typed } = nameTables('SELECT 1\nFROM a.b JOIN `c.d` USING (x) WHERE y')
  // Behind both: 6 places for the one, 4 for the other.
  expect(typed('SQL 2:48: no column y')).toBe('SQL 2:38: no column y')
  expect(typed('SQL 1:8: one')).toBe('SQL 1:8: one')
})
