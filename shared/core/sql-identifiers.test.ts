import { describe, expect, it } from 'vitest'
import { quoteColumn, quoteIdentifier, quotePath } from './sql-identifiers.ts'

describe('identifiers in SQL', () => {
  it('are quoted in the dialect’s own way', () => {
    expect(quotePath(['acme_raw', 'usage_daily'], 'duckdb')).toBe('"acme_raw"."usage_daily"')
    expect(quotePath(['project_1', 'acme_raw', 'usage_daily'], 'bigquery')).toBe('`project_1`.`acme_raw`.`usage_daily`')
    expect(quoteColumn('name with blank', 'duckdb')).toBe('"name with blank"')
  })

  it.each(['', 'a b', 'a"b', 'a`b', 'a.b', 'a;--', '1a', 'ä', 'a'.repeat(301)])('%j is no name of ours', (name) => {
    expect(() => quoteIdentifier(name, 'duckdb')).toThrow('is not a name that SQL may hold')
  })

  it.each(['', 'a"b', 'a`b', 'a\\b', 'a\nb', 'a\u0000b'])('%j is no column', (name) => {
    expect(() => quoteColumn(name, 'bigquery')).toThrow('is not a column name that SQL may hold')
  })
})
