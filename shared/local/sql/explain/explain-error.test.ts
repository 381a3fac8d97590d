import { beforeAll, describe, expect, it } from 'vitest'
import { ACME, openGoogleSql, type GoogleSql } from '../testing/google-sql.ts'
import { explainError } from './explain-error.ts'

let google: GoogleSql

beforeAll(async () => {
  google = await openGoogleSql([
    'CREATE SCHEMA acme_raw',
    'CREATE TABLE acme_raw.usage (day DATE, model VARCHAR, tokens BIGINT, cost DECIMAL(38,9), tags VARCHAR[], at_zone STRUCT(city VARCHAR))',
    `INSERT INTO acme_raw.usage VALUES ('2026-01-01', 'small one', 0, 1.5, ['a'], {'city': 'Bern'})`,
  ])
})

const told = async (sql: string): Promise<string | undefined> => {
  const { sql: duckdb } = google.translate({ sql, tables: ACME, parameters: [] })
  const error = await google.connection.runAndReadAll(duckdb).then(
    () => undefined,
    (thrown: Error) => thrown,
  )
  if (error === undefined) throw new Error(`nothing is wrong with ${sql}`)
  return explainError(error.message, { google: sql, duckdb })
}

const MISTAKES: [sql: string, message: string][] = [
  ['SELECT\n  modle FROM {{ raw.usage }}', 'SQL 2:3: there is no column "modle"; did you mean "model"?'],
  ['SELECT u.modle FROM {{ raw.usage }} AS u', 'SQL 1:10: there is no column "modle" in u; did you mean "model"?'],
  ['SELECT `modle` FROM {{ raw.usage }}', 'SQL 1:8: there is no column "modle"; did you mean "model"?'],
  ['SELECT 1 FROM {{ raw.usage }} ORDER BY modle', 'SQL 1:40: there is no column "modle"; did you mean "model"?'],
  ['SELECT * EXCEPT (modle) FROM {{ raw.usage }}', 'SQL 1:18: there is no column "modle"'],
  ['SELECT (SELECT z.modle FROM {{ raw.usage }} AS z)', 'SQL 1:18: there is no column "modle" in z'],
  [
    'SELECT v.model FROM {{ raw.usage }} AS u',
    'SQL 1:8: there is no table or alias "v" in this query; did you mean "u"?',
  ],
  [
    'SELECT model FROM {{ raw.usage }} AS a JOIN {{ raw.usage }} AS b ON a.day = b.day',
    'SQL 1:8: column "model" is ambiguous: write a.model or b.model',
  ],
  ['SELECT 1 FROM {{ raw.prices }}', 'SQL 1:15: there is no table raw.prices: no run has loaded it yet'],
  [
    'SELECT model, SUM(tokens) FROM {{ raw.usage }}',
    'SQL 1:8: column "model" is neither grouped nor aggregated: add it to GROUP BY, or take ANY_VALUE(model)',
  ],
  ['SELECT model FROM {{ raw.usage }} WHERE SUM(tokens) > 1', 'SQL 1:35: WHERE takes no aggregates: use HAVING'],
  ['SELECT UPPER(tokens) FROM {{ raw.usage }}', 'SQL 1:8: UPPER takes STRING or BYTES; CAST what is of another type'],
  [
    'SELECT MOD(tokens, model) FROM {{ raw.usage }}',
    'SQL 1:8: MOD takes INT64 or NUMERIC; CAST what is of another type',
  ],
  [
    'SELECT SUM(model) FROM {{ raw.usage }}',
    'SQL 1:8: SUM does not take STRING, or is not available in the embedded warehouse for it: use CAST',
  ],
  [
    'SELECT GREATEST(model, tokens) FROM {{ raw.usage }}',
    'SQL 1:24: STRING and INT64 do not go together here: CAST one of them',
  ],
  ['SELECT tokens / 0 FROM {{ raw.usage }}', 'SQL 1:15: division by zero: use SAFE_DIVIDE for NULL instead'],
  // Which of two divisions it was is not known.
  ['SELECT cost / tokens, 1 / 2 FROM {{ raw.usage }}', 'division by zero: use SAFE_DIVIDE for NULL instead'],
  [
    'SELECT CAST(model AS INT64) FROM {{ raw.usage }}',
    'SQL 1:8: "small one" cannot be cast to INT64: use SAFE_CAST for NULL instead',
  ],
  [`SELECT 1 FROM {{ raw.usage }} WHERE day = 'today'`, 'SQL 1:43: "today" is no DATE: write it as YYYY-MM-DD'],
  ['SELECT 9223372036854775807 + 1', 'SQL 1:28: the result is too large for INT64'],
  [
    `SELECT NUMERIC '99999999999999999999999999999' * cost FROM {{ raw.usage }}`,
    'SQL 1:48: the result is too large for NUMERIC',
  ],
  [`SELECT ERROR('no DOUBLE price: ' || model) FROM {{ raw.usage }}`, 'SQL 1:8: no DOUBLE price: small one'],
  ['SELECT at_zone.town FROM {{ raw.usage }}', 'SQL 1:16: there is no field "town"; near it: city'],
  [
    'SELECT tags[OFFSET(5)] FROM {{ raw.usage }}',
    'SQL 1:13: array index is out of bounds: use SAFE_OFFSET or SAFE_ORDINAL for NULL instead',
  ],
  [`SELECT REGEXP_CONTAINS(model, '(') FROM {{ raw.usage }}`, 'SQL 1:8: not a regular expression: missing ): ('],
  ['SELECT 1 UNION ALL SELECT 1, 2', 'SQL 1:10: the two sides have different numbers of columns'],
  ['SELECT SQRT(-1)', 'SQL 1:8: SQRT of a negative number'],
  [
    `SELECT (SELECT CONCAT('a', model)) FROM {{ raw.usage }}`,
    'SQL 1:16: CONCAT of a value whose type is only known outside is not available in the embedded warehouse: CAST it, or take it out of the subquery or HAVING',
  ],
]

describe('a mistake in a tenant’s SQL is told in its own words', () => {
  it.each(MISTAKES)('%s', async (sql, message) => {
    expect(await told(sql)).toBe(message)
  })

  it('names the column where it is wrong, when the same name stands elsewhere', async () => {
    expect(await told('SELECT a.model, model FROM {{ raw.usage }} AS a CROSS JOIN {{ raw.usage }} AS b')).toMatch(
      /^SQL 1:17: column "model" is ambiguous/,
    )
  })

  it('shows nothing of the translation', async () => {
    for (const [sql] of MISTAKES)
      expect(await told(sql)).not.toMatch(/gsql|acme_|LINE \d|Macro|Candidate|BIGINT|VARCHAR/)
  })
})

it('leaves alone what is no mistake of the query', () => {
  const query = { google: 'SELECT 1', duckdb: 'SELECT 1' }
  expect(explainError('IO Error: Could not write file: No space left on device', query)).toBeUndefined()
  expect(explainError('Out of Memory Error: failed to allocate', query)).toBeUndefined()
})
