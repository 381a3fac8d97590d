import type { QueryParameter } from '@convergence/core/ports/warehouse.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bindParameter } from './parameters.ts'
import { WarehouseFixture } from './testing.ts'

let fixture: WarehouseFixture
beforeAll(() => {
  fixture = new WarehouseFixture()
})
afterAll(() => fixture.close())

const cases: readonly [QueryParameter['type'], QueryParameter['value'], unknown, string][] = [
  ['STRING', `it's`, `it's`, 'VARCHAR'],
  ['INT64', '-9223372036854775808', '-9223372036854775808', 'BIGINT'],
  ['INT64', 7, '7', 'BIGINT'],
  ['FLOAT64', '0.1', 0.1, 'DOUBLE'],
  ['NUMERIC', '12345678901234567890123456789.123456789', '12345678901234567890123456789.123456789', 'DECIMAL(38,9)'],
  ['NUMERIC', 0.1, '0.1', 'DECIMAL(38,9)'],
  ['NUMERIC', '1e3', '1000', 'DECIMAL(38,9)'],
  ['NUMERIC', '-1.5000000000', '-1.5', 'DECIMAL(38,9)'],
  ['BIGNUMERIC', '6.2E-12', '0.0000000000062', 'DECIMAL(38,13)'],
  ['BOOL', true, true, 'BOOLEAN'],
  ['DATE', '2024-02-29', '2024-02-29', 'DATE'],
  ['DATETIME', '2024-02-29T01:02:03.5', '2024-02-29T01:02:03.5', 'TIMESTAMP'],
  ['TIMESTAMP', '2024-02-29T01:02:03+02:00', '2024-02-28T23:02:03Z', 'TIMESTAMP WITH TIME ZONE'],
  ['TIMESTAMP', '1969-12-31T23:59:59.999999Z', '1969-12-31T23:59:59.999999Z', 'TIMESTAMP WITH TIME ZONE'],
  ['TIME', '01:02:03', '01:02:03', 'TIME'],
  ['BYTES', 'Af8=', 'Af8=', 'BLOB'],
  ['STRING', null, null, '"NULL"'],
  ['NUMERIC', null, null, '"NULL"'],
  ['NUMERIC', ['1.5', 2], ['1.5', '2'], 'DECIMAL(38,9)[]'],
  ['DATE', ['2024-01-01'], ['2024-01-01'], 'DATE[]'],
  ['STRING', [], [], 'VARCHAR[]'],
]

test.each(cases)('binds %s %j exactly', async (type, value, read, duckdb) => {
  expect(await fixture.query('SELECT $v, typeof($v)', undefined, [{ name: 'v', type, value }])).toEqual([
    [read, duckdb],
  ])
})

test.each([
  ['INT64', '9223372036854775808'],
  ['INT64', '1.5'],
  ['INT64', ''],
  ['FLOAT64', 'x'],
  ['NUMERIC', '0.1234567891'],
  ['NUMERIC', '123456789012345678901234567890'],
  ['NUMERIC', 'NaN'],
  ['BOOL', 'yes'],
  ['DATE', '2024-02-30'],
  ['DATE', '2024-2-3'],
  ['TIMESTAMP', '2024-01-01T25:00:00Z'],
  ['DATE', 20240101],
] as const)('refuses %s %j', (type, value) => {
  expect(() => bindParameter({ name: 'v', type, value })).toThrow(
    `parameter "v": ${JSON.stringify(value)} is not ${type}`,
  )
})
