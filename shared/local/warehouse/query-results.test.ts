import { afterAll, beforeAll, expect, test } from 'vitest'
import { field, jobRef, LABELS, TABLE, WarehouseFixture } from './testing.ts'

let fixture: WarehouseFixture
const SCHEMA = [field('id', 'INT64'), field('name', 'STRING')]

beforeAll(async () => {
  fixture = new WarehouseFixture()
  await fixture.run(
    fixture.publishJob(
      SCHEMA,
      [
        await fixture.partOf(SCHEMA, [
          { id: 1, name: 'a' },
          { id: 2, name: null },
        ]),
      ],
      { type: 'append' },
    ),
  )
})
afterAll(() => fixture.close())

const query = (sql: string) =>
  ({ kind: 'query', query: { dialect: 'native', sql, inputs: {}, parameters: [] }, labels: LABELS }) as const

test('gives every type in the form that the port promises', async () => {
  const rows =
    await fixture.query(`SELECT 9007199254740993, 1::TINYINT, 170141183460469231731687303715884105727, 1.5::DECIMAL(38,9), -0.05::DECIMAL(4,2), 100::DECIMAL(5,0), 0.1::DOUBLE, true, 'ü',
    DATE '2024-02-29', DATE '0001-01-01', TIMESTAMP '2024-02-29 01:02:03.5', TIMESTAMPTZ '1969-12-31 23:59:59.999999+00', TIME '01:02:03.000400', '\\x01\\xFF'::BLOB, JSON '{"a": 1}', [DATE '2024-01-01', NULL], {'a': 1::BIGINT, 'b': [{'c': 'x'}]}, NULL`)
  expect(rows).toEqual([
    [
      '9007199254740993',
      '1',
      '170141183460469231731687303715884105727',
      '1.5',
      '-0.05',
      '100',
      0.1,
      true,
      'ü',
      '2024-02-29',
      '0001-01-01',
      '2024-02-29T01:02:03.5',
      '1969-12-31T23:59:59.999999Z',
      '01:02:03.0004',
      'Af8=',
      '{"a": 1}',
      ['2024-01-01', null],
      { a: '1', b: [{ c: 'x' }] },
      null,
    ],
  ])
})

test('pages through a result in order, across DuckDB’s own chunks', async () => {
  const warehouse = await fixture.open()
  await fixture.run(query('SELECT range AS n FROM range(5000)'), 'pages')
  const seen: unknown[] = []
  let pageToken: string | undefined
  let pages = 0
  do {
    const page = await warehouse.rows(jobRef('pages'), { limit: 1_500, ...(pageToken && { pageToken }) })
    seen.push(...page.rows.map(([n]) => n))
    pageToken = page.nextPageToken
    pages++
  } while (pageToken !== undefined)
  expect(pages).toBe(4)
  expect(seen).toEqual(Array.from({ length: 5_000 }, (_, n) => String(n)))
})

test('a query has its schema, even without rows', async () => {
  await fixture.run(query(`SELECT 1 AS n, 'x' AS s, 1.5 AS d WHERE FALSE`), 'none')
  expect(await (await fixture.open()).rows(jobRef('none'))).toEqual({
    schema: [field('n', 'INT64'), field('s', 'STRING'), field('d', 'NUMERIC')],
    rows: [],
  })
})

test('of many queries the oldest are dropped, and their ids are free again', async () => {
  const warehouse = await fixture.open()
  await fixture.run(query('SELECT 1'), 'oldest')
  for (let index = 0; index < 64; index++) await fixture.run(query('SELECT 1'), `filler-${index}`)
  expect(await warehouse.poll(jobRef('oldest'))).toBeUndefined()
  await expect(warehouse.rows(jobRef('oldest'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await warehouse.submit(jobRef('oldest'), query('SELECT 1'))).toEqual({ outcome: 'submitted' })
  await fixture.ended('oldest')
})

test('a result that is too large for memory fails and says what to do', async () => {
  expect(await fixture.failure(query('SELECT range FROM range(1000000)'))).toContain(
    'LIMIT_EXCEEDED: the query gives more than 200000 rows',
  )
})

test('restricts a table by bound values, NULL included', async () => {
  const where = (value: string | null) => [{ column: 'name', equals: { name: 'x', type: 'STRING', value } as const }]
  expect(
    await fixture.query('SELECT id FROM {{t}}', { kind: 'table', table: TABLE, where: where(`a' OR TRUE --`) }),
  ).toEqual([])
  expect(await fixture.query('SELECT id FROM {{t}}', { kind: 'table', table: TABLE, where: where('a') })).toEqual([
    ['1'],
  ])
  expect(await fixture.query('SELECT id FROM {{t}}', { kind: 'table', table: TABLE, where: where(null) })).toEqual([
    ['2'],
  ])
})

test('reads parts that are not loaded yet', async () => {
  const parts = [await fixture.partOf(SCHEMA, [{ id: 7, name: 'p' }])]
  const schema = [...SCHEMA, field('later', 'DATE')]
  expect(
    await fixture.query(
      'SELECT id, later, $plus + id FROM {{t}}',
      {
        kind: 'parts',
        parts,
        schema: [
          ...schema,
          field('ingestion_date', 'DATE'),
          field('_run_id', 'STRING'),
          field('_chunk_id', 'STRING'),
          field('_ingested_at', 'TIMESTAMP'),
        ],
      },
      [{ name: 'plus', type: 'INT64', value: '1' }],
    ),
  ).toEqual([['7', null, '8']])
})

test('a query that names an input that is not there is refused', async () => {
  await expect(fixture.query('SELECT * FROM {{nobody}}')).rejects.toThrow('{{nobody}}')
})
