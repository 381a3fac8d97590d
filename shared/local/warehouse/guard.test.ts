import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TenantSql } from '@convergence/core/ports/warehouse.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { field, TABLE, WarehouseFixture } from './testing.ts'

let fixture: WarehouseFixture
const SCHEMA = [field('id', 'INT64')]

beforeAll(async () => {
  fixture = new WarehouseFixture()
  const part = await fixture.partOf(SCHEMA, [{ id: 1 }])
  await fixture.run(fixture.publishJob(SCHEMA, [part], { type: 'append' }))
  await fixture.run(fixture.publishJob(SCHEMA, [part], { type: 'append' }, { target: { ...TABLE, table: 'secret' } }))
  writeFileSync(join(fixture.folder, 'x.csv'), 'a\n1\n')
})
afterAll(() => fixture.close())

const tenantSql = (sql: string): TenantSql => ({ sql, tables: { usage: TABLE }, parameters: [] })

test.each([
  'SELECT id FROM {{usage}}',
  'WITH q AS (SELECT id FROM {{usage}}) SELECT q.id FROM q JOIN {{usage}} AS u ON u.id = q.id',
  'SELECT (SELECT max(id) FROM {{usage}}) AS m, x FROM unnest([1, 2]) AS t(x)',
  'WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT n FROM r',
])('lets %s through', async (sql) => {
  expect((await (await fixture.open()).dryRun('acme', tenantSql(sql))).schema.length).toBeGreaterThan(0)
})

test.each([
  'SELECT * FROM acme_raw.secret',
  'SELECT * FROM _convergence.jobs',
  'SELECT * FROM information_schema.tables',
  `SELECT * FROM read_csv('FOLDER/x.csv')`,
  `SELECT * FROM 'FOLDER/x.csv'`,
  `SELECT * FROM "FOLDER/x.csv"`,
  `SELECT (SELECT content FROM read_text('FOLDER/x.csv')) AS c`,
  `SELECT id FROM {{usage}} WHERE id IN (SELECT 1 FROM glob('/*'))`,
  'SELECT * FROM duckdb_settings()',
  'SELECT * FROM icu_calendar_names()',
  `SELECT * FROM query('SELECT 1')`,
  `SELECT * FROM query_table('acme_raw.secret')`,
  `SELECT current_setting('temp_directory')`,
  'SELECT 1; SELECT 2',
  `ATTACH 'FOLDER/y.duckdb'`,
  `COPY (SELECT 1) TO 'FOLDER/y.csv'`,
  'PRAGMA database_list',
  'DESCRIBE SELECT 1',
  'DROP TABLE acme_raw.usage',
  `WITH q AS (SELECT 1 AS n) SELECT * FROM q, acme_raw.secret`,
])('refuses %s', async (sql) => {
  const warehouse = await fixture.open()
  await expect(warehouse.dryRun('acme', tenantSql(sql.replaceAll('FOLDER', fixture.folder)))).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  })
})

test('two statements are refused before either is looked at', async () => {
  await expect((await fixture.open()).dryRun('acme', tenantSql('SELECT 1; SELECT 2'))).rejects.toThrow(
    'one SELECT, and nothing else',
  )
})

test('no SQL at all reaches a file outside the object folder, or another setting', async () => {
  await expect(fixture.query(`SELECT * FROM read_text('/etc/hostname')`)).rejects.toThrow('could not be read')
  await expect(fixture.query('SET threads = 1')).rejects.toThrow('locked')
  await expect(fixture.query(`INSTALL httpfs`)).rejects.toThrow('could not be read')
})

test('names line and column of a column that is not there', async () => {
  const warehouse = await fixture.open()
  await expect(warehouse.dryRun('acme', tenantSql('SELECT id,\n  nmae\nFROM {{usage}}'))).rejects.toThrow(
    /^SQL 2:3: there is no column "nmae"/,
  )
})
