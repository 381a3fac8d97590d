import { beforeAll, describe, expect, it } from 'vitest'
import { ACME, openGoogleSql, type GoogleSql } from './testing/google-sql.ts'

let google: GoogleSql

beforeAll(async () => {
  google = await openGoogleSql([
    'CREATE SCHEMA acme_raw',
    'CREATE TABLE acme_raw.usage (day DATE, project VARCHAR, model VARCHAR, batch BOOLEAN, input BIGINT, cached BIGINT, output BIGINT)',
    `INSERT INTO acme_raw.usage VALUES
      ('2026-01-01', 'a', 'small', FALSE, 1000003, 3, 7), ('2026-01-01', 'a', 'small', TRUE, 10, 0, 1),
      ('2026-01-01', 'b', 'large', FALSE, 5, 5, 5), ('2026-01-02', 'b', 'large', FALSE, 1, 0, 0)`,
    'CREATE TABLE acme_raw.prices (model VARCHAR, input_price DECIMAL(38,9), cached_price DECIMAL(38,9), output_price DECIMAL(12,2), fine DECIMAL(38,12))',
    `INSERT INTO acme_raw.prices VALUES ('small', 0.15, 0.075, 0.6, 0.000000000001), ('large', 2.5, 1.25, 10, 1)`,
  ])
})

/** Answers as BigQuery gives them: query, then its one row. */
const ANSWERS: [sql: string, ...row: (string | null)[]][] = [
  // A NULL takes its type from the other side.
  ['SELECT LOGICAL_OR(x) FROM (SELECT NULL AS x UNION ALL SELECT TRUE)', 'true'],
  // Money: NUMERIC is exact, and rounded half away from zero at nine digits.
  [
    `SELECT NUMERIC '1.1' * NUMERIC '1.1', NUMERIC '0.000000001' * NUMERIC '0.5', NUMERIC '-0.000000001' * NUMERIC '0.5'`,
    '1.210000000',
    '0.000000001',
    '-0.000000001',
  ],
  [
    `SELECT NUMERIC '2' / 3, NUMERIC '-2' / 3, 1 / NUMERIC '3', NUMERIC '1' / NUMERIC '7'`,
    '0.666666667',
    '-0.666666667',
    '0.333333333',
    '0.142857143',
  ],
  [
    `SELECT NUMERIC '10' * 0.1, 0.1 + NUMERIC '0.2', COALESCE(NUMERIC '1', 0.5), IF(TRUE, 0.5, NUMERIC '1')`,
    '1.000000000',
    '0.300000000',
    '1.000000000',
    '0.500000000',
  ],
  [
    `SELECT ROUND(NUMERIC '2.345', 2), ROUND(NUMERIC '-2.5'), TRUNC(NUMERIC '-2.349', 2), ROUND(NUMERIC '1250', -2), MOD(NUMERIC '7.5', 2)`,
    '2.350000000',
    '-3.000000000',
    '-2.340000000',
    '1300.000000000',
    '1.500000000',
  ],
  [`SELECT SAFE_DIVIDE(NUMERIC '1', 0), SAFE_DIVIDE(1, 4), CAST(NULL AS NUMERIC) / 0`, null, '0.25', null],
  [
    `SELECT CAST('1.2345678905' AS NUMERIC), CAST(2.5 AS INT64), CAST(NUMERIC '1.50' AS STRING), SAFE_CAST('x' AS INT64), CAST('6.2E-3' AS NUMERIC)`,
    '1.234567891',
    '3',
    '1.5',
    null,
    '0.006200000',
  ],
  [
    `SELECT SUM(x), AVG(x), SUM(x) / COUNT(*) FROM UNNEST([NUMERIC '0.1', NUMERIC '0.2', NUMERIC '0.4']) AS x`,
    '0.700000000',
    '0.233333333',
    '0.233333333',
  ],
  [`SELECT SUM(fine), MAX(fine) FROM {{ raw.prices }}`, '1.000000000001', '1.000000000000'],
  // Numbers.
  [
    `SELECT 7 / 2, DIV(-7, 2), MOD(-7, 2), 1.5 + 1, ROUND(1.005, 2), 9007199254740993 + 0`,
    '3.5',
    '-3',
    '-1',
    '2.5',
    '1',
    '9007199254740993',
  ],
  [
    `SELECT SUM(x), AVG(x), COUNTIF(x > 1), COUNT(DISTINCT x), MIN(x), LOGICAL_OR(x = 2) FROM UNNEST([1, 2, 2, NULL]) AS x`,
    '5',
    '1.6666666666666667',
    '2',
    '2',
    '1',
    'true',
  ],
  [
    `SELECT SUM(x), COUNTIF(x > 1), COUNT(*) FROM UNNEST(CAST(NULL AS ARRAY<INT64>)) AS x`.replace(
      'CAST(NULL AS ARRAY<INT64>)',
      'ARRAY<INT64>[]',
    ),
    null,
    '0',
    '0',
  ],
  // Text.
  [
    String.raw`SELECT CONCAT('a', NULL), SUBSTR('hello', 0, 2), SUBSTR('hello', -9), 'a_b' LIKE r'a\_b', "\x41\u00e9", TRIM('\t x\n')`,
    null,
    'he',
    'hello',
    'true',
    'Aé',
    'x',
  ],
  [
    `SELECT REGEXP_EXTRACT('ab12', '[0-9]+'), REGEXP_EXTRACT('ab', '[0-9]+'), REGEXP_EXTRACT('k=v', 'k=(.)'), REGEXP_REPLACE('aaa', 'a', 'b'), REGEXP_CONTAINS('xay', 'a')`,
    '12',
    null,
    'v',
    'bbb',
    'true',
  ],
  [
    `SELECT FORMAT('%d-%s-%.2f', 5, 'x', 1.5), LPAD('7', 3, '0'), INITCAP('one two'), SPLIT('a,b')[OFFSET(1)], GREATEST(1, NULL)`,
    '5-x-1.50',
    '007',
    'One Two',
    'b',
    null,
  ],
  [
    `SELECT STRING_AGG(x, '-' ORDER BY x DESC LIMIT 2), ARRAY_LENGTH(ARRAY_AGG(x IGNORE NULLS)) FROM UNNEST(['a', 'c', NULL, 'b']) AS x`,
    'c-b',
    '3',
  ],
  [
    `SELECT JSON_VALUE('{"a": {"b": "x"}}', '$.a.b'), JSON_VALUE('{"a": {"b": 1}}', '$.a'), JSON_VALUE('{"a": [5]}', '$.a[0]')`,
    'x',
    null,
    '5',
  ],
  // Dates.
  [
    `SELECT DATE_ADD(DATE '2026-01-31', INTERVAL 1 MONTH), DATE_TRUNC(DATE '2026-01-07', WEEK), DATE_DIFF(DATE '2026-03-01', DATE '2026-02-27', DAY), LAST_DAY(DATE '2026-02-10')`,
    '2026-02-28',
    '2026-01-04',
    '2',
    '2026-02-28',
  ],
  [
    `SELECT EXTRACT(DAYOFWEEK FROM DATE '2026-01-04'), EXTRACT(ISOWEEK FROM DATE '2026-01-04'), FORMAT_DATE('%Y%m', DATE '2026-01-04'), PARSE_DATE('%Y-%m-%d', '2026-01-04')`,
    '1',
    '1',
    '202601',
    '2026-01-04',
  ],
  [
    `SELECT CAST(TIMESTAMP '2026-01-01 23:00:00-05' AS STRING), DATE(TIMESTAMP '2026-01-01 03:00:00+00', 'America/New_York'), UNIX_SECONDS(TIMESTAMP_SECONDS(-1))`,
    '2026-01-02 04:00:00+00',
    '2025-12-31',
    '-1',
  ],
  [
    `SELECT ARRAY_LENGTH(GENERATE_DATE_ARRAY('2026-01-31', '2026-03-31', INTERVAL 1 MONTH)), GENERATE_DATE_ARRAY('2026-01-31', '2026-03-31', INTERVAL 1 MONTH)[OFFSET(1)]`,
    '3',
    '2026-02-28',
  ],
  // Queries.
  [
    `WITH a AS (SELECT 1 AS n UNION ALL SELECT 2), b AS (SELECT n * 10 AS n FROM a) SELECT SUM(a.n), SUM(b.n) FROM a JOIN b ON b.n = a.n * 10`,
    '3',
    '30',
  ],
  [
    `SELECT CAST(SUM(input) AS STRING) || '/' || CAST(COUNT(*) AS STRING), ROUND(SUM(input) / COUNT(*), 1) FROM {{ raw.usage }}`,
    '1000019/4',
    '250004.8',
  ],
  [
    `SELECT project, SUM(SUM(input)) OVER () FROM {{ raw.usage }} GROUP BY project HAVING SUM(input) + 1 > 7 QUALIFY ROW_NUMBER() OVER (ORDER BY SUM(input) / 2) = 1`,
    'a',
    '1000013',
  ],
  [
    `SELECT FORMAT_DATE('%Y-%m', day) AS month, COUNT(*) FROM {{ raw.usage }} GROUP BY month ORDER BY 1 LIMIT 1`,
    '2026-01',
    '4',
  ],
  [
    `SELECT u.model, x FROM {{ raw.usage }} u, UNNEST([u.input, u.output]) AS x WHERE u.project = 'b' ORDER BY x DESC LIMIT 1`,
    'large',
    '5',
  ],
  [`SELECT s.a, s.b.c FROM (SELECT STRUCT(1 AS a, STRUCT('x' AS c) AS b) AS s)`, '1', 'x'],
  [
    `SELECT (SELECT COUNT(*) FROM {{ raw.prices }}), 'large' IN (SELECT model FROM {{ raw.prices }}), 3 IN UNNEST([1, 3]), EXISTS (SELECT 1 FROM {{ raw.prices }} WHERE FALSE)`,
    '2',
    'true',
    'true',
    'false',
  ],
]

describe('GoogleSQL on DuckDB', () => {
  it.each(ANSWERS)('answers %s', async (sql, ...row) => {
    expect(await google.ask(sql)).toEqual([row])
  })

  it('computes the daily cost exactly', async () => {
    const rows = await google.ask(
      `-- One row a project, model and batch.
      WITH priced AS (
        SELECT u.*, IF(p.input_price IS NULL, ERROR(CONCAT('no price for model ', u.model)), p.input_price) AS input_price, p.cached_price, p.output_price
        FROM {{ raw.usage }} AS u LEFT JOIN {{ raw.prices }} AS p USING (model)
        WHERE u.day = @usage_date
      )
      SELECT project, model, batch, SUM(input) AS tokens,
        SUM((input - cached) * input_price + cached * cached_price + output * output_price) / 1000000 * IF(batch, NUMERIC '0.5', NUMERIC '1') AS cost
      FROM priced GROUP BY project, model, batch ORDER BY project, batch`,
      [{ name: 'usage_date', type: 'DATE', value: '2026-01-01' }],
    )
    expect(rows).toEqual([
      ['a', 'small', 'false', '1000003', '0.150004425'],
      ['a', 'small', 'true', '10', '0.000001050'],
      ['b', 'large', 'false', '5', '0.000056250'],
    ])
  })

  it('puts the columns of USING first, as BigQuery does', async () => {
    const rows = await google.ask(
      'SELECT * FROM {{ raw.usage }} JOIN {{ raw.prices }} USING (model) ORDER BY day DESC LIMIT 1',
    )
    expect(rows[0]?.slice(0, 3)).toEqual(['large', '2026-01-02', 'b'])
  })

  it('raises the error of ERROR only for rows that reach it', async () => {
    const query = (model: string): string =>
      `SELECT IF(model = '${model}', ERROR('no price for model ${model}'), model) AS m FROM {{ raw.prices }} WHERE model <> 'small'`
    expect(await google.ask(query('tiny'))).toEqual([['large']])
    await expect(google.ask(query('large'))).rejects.toThrow('no price for model large')
  })

  it.each([
    [`SELECT NUMERIC '99999999999999999999999999999' * 10`, /Could not cast|Overflow|out of range|Conversion/],
    [`SELECT NUMERIC '1' / 0`, /division by zero/],
    [`SELECT 9223372036854775807 + 1`, /Overflow/],
    [`SELECT CAST('abc' AS INT64)`, /Could not cast abc to INT64/],
    [`SELECT [1, 2][OFFSET(2)]`, /out of bounds/],
    [`SELECT (SELECT model FROM {{ raw.prices }})`, /More than one row/],
    [`SELECT fine * 2 FROM {{ raw.prices }}`, /BIGNUMERIC is not available/],
  ])('raises an error for %s', async (sql, message) => {
    await expect(google.ask(sql)).rejects.toThrow(message)
  })

  it('passes the parameters that the query uses, with their types, and names its tables', () => {
    const translated = google.translate({
      sql: 'SELECT @n AS n FROM {{ raw.usage }} WHERE day = @day LIMIT 1',
      tables: ACME,
      parameters: [
        { name: 'day', type: 'DATE', value: '2026-01-01' },
        { name: 'n', type: 'NUMERIC', value: '1.5' },
        { name: 'unused', type: 'STRING', value: 'x' },
      ],
    })
    expect(translated.parameters.map((one) => one.name)).toEqual(['day', 'n'])
    expect(translated.tables).toEqual([{ tenant: 'acme', dataset: 'raw', table: 'usage' }])
    expect(translated.sql).toContain('"acme_raw"."usage"')
    expect(translated.sql).toContain('CAST($n AS DECIMAL(38,9))')
  })
})

describe('the boundary of a tenant', () => {
  it.each([
    ['SELECT * FROM other_raw.usage', 'SQL 1:15: other_raw.usage is no table'],
    ['SELECT * FROM `other_raw.usage`', 'SQL 1:15: other_raw.usage is no table'],
    ['SELECT * FROM `raw.usage`', 'SQL 1:15: raw.usage is no table'],
    ['SELECT * FROM usage', 'SQL 1:15: usage is no table'],
    ['SELECT * FROM information_schema.tables', 'SQL 1:15: information_schema.tables is no table'],
    ['SELECT * FROM a.b.c', 'SQL 1:15: a.b.c is no table'],
    [`SELECT * FROM '/etc/passwd'`, 'SQL 1:15:'],
    ['SELECT * FROM `/etc/passwd`', 'SQL 1:15: /etc/passwd is no table'],
    [`SELECT * FROM read_csv('/etc/passwd')`, 'SQL 1:15: read_csv is not allowed in FROM'],
    ['SELECT * FROM duckdb_tables()', 'SQL 1:15: duckdb_tables is not allowed in FROM'],
    [`SELECT\n  read_text('/etc/passwd')`, 'SQL 2:3: function READ_TEXT is not available'],
    [`SELECT getenv('HOME')`, 'SQL 1:8: function GETENV is not available'],
    [`SELECT gsql.to_string(1)`, 'SQL 1:8: METHOD CALL is not available'],
    ['SELECT * FROM {{ raw.secret }}', 'SQL 1:15: {{ raw.secret }} is not a table of this query'],
    ['SELECT 1 UNION ALL SELECT x FROM t', 'SQL 1:34: t is no table'],
    ['WITH a AS (SELECT * FROM b), b AS (SELECT 1 AS x) SELECT * FROM a', 'SQL 1:26: b is no table'],
    ['SELECT (SELECT x FROM (SELECT * FROM hidden)) AS y', 'SQL 1:38: hidden is no table'],
    ['SELECT user FROM {{ raw.usage }}', 'SQL 1:8: user means something else'],
  ])('refuses %s', (sql, message) => {
    expect(() => google.translate({ sql, tables: ACME, parameters: [] })).toThrow(message)
  })

  it('takes a template inside a string or a comment for text', async () => {
    expect(await google.ask(`SELECT '{{ raw.usage }}' AS t -- {{ other.table }}\n/* {{ x }} */ # {{ y }}`)).toEqual([
      ['{{ raw.usage }}'],
    ])
  })
})

describe('what is not available', () => {
  it.each([
    ['SELECT 1; SELECT 2', 'SQL 1:9: one SELECT is expected'],
    ['DELETE FROM {{ raw.usage }} WHERE TRUE', 'SQL 1:1: only one SELECT is allowed'],
    ['CREATE TABLE x AS SELECT 1', 'SQL 1:1: only one SELECT is allowed'],
    ['', 'SQL 1:1: one SELECT is expected'],
    ['SELECT a FROM {{ raw.usage }} TABLESAMPLE SYSTEM (10 PERCENT)', 'TABLE SAMPLE'],
    ['SELECT a FROM {{ raw.usage }} FOR SYSTEM_TIME AS OF x', 'SYSTEM TIME'],
    ['SELECT project FROM {{ raw.usage }} |> LIMIT 1', 'SQL 1:37'],
    [`SELECT REGEXP_EXTRACT('a', CONCAT('a', 'b'))`, 'SQL 1:8: REGEXP_EXTRACT takes a constant string'],
    [`SELECT FORMAT_DATE('%e', DATE '2026-01-01')`, 'SQL 1:8: %e in FORMAT_DATE is not available'],
    [`SELECT BIGNUMERIC '1'`, 'SQL 1:8: BIGNUMERIC'],
    ['SELECT CAST(1 AS NUMERIC(10, 2))', 'NUMERIC(precision, scale)'],
    ['SELECT SAFE.SUBSTR("a", 1)', 'SAFE.SUBSTR'],
    ['SELECT TIMESTAMP_ADD(TIMESTAMP "2026-01-01", INTERVAL 1 MONTH)', 'TIMESTAMP_ADD by MONTH'],
    ['SELECT @missing', 'SQL 1:8: there is no parameter @missing'],
    [`SELECT 'open`, 'SQL 1:8: this string is never closed'],
    ['SELECT LAG(day) OVER (ORDER BY day ROWS 1 PRECEDING) FROM {{ raw.usage }}', 'LAG takes no window frame'],
  ])('refuses %s by name', (sql, message) => {
    expect(() => google.translate({ sql, tables: ACME, parameters: [] })).toThrow(message)
  })
})
