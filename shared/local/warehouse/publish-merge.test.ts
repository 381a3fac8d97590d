import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { publishMerge } from './publish-merge.ts'
import { field, TABLE, WarehouseFixture, type Row } from './testing.ts'

const SCHEMA = [field('a', 'STRING'), field('b', 'INT64'), field('at', 'INT64'), field('v', 'STRING')]
const KEYS = ['a', 'b']

let fixture: WarehouseFixture
const merge = async (
  rows: readonly Row[],
  orderBy: readonly string[] = [],
  stamp: { day?: string; run?: string } = {},
) => fixture.publishJob(SCHEMA, [await fixture.partOf(SCHEMA, rows, stamp)], { type: 'merge', keys: KEYS, orderBy })

describe('a merge', () => {
  beforeEach(() => {
    fixture = new WarehouseFixture()
  })
  afterEach(() => fixture.close())

  test('joins by keys that can be NULL, and by = where they cannot', () => {
    const fields = [field('a', 'STRING'), field('d', 'DATE', 'REQUIRED'), field('ingestion_date', 'DATE', 'REQUIRED')]
    const job = fixture.publishJob(fields, [], { type: 'merge', keys: ['a', 'd'], orderBy: [] })
    const plan = publishMerge(job, { target: 't', source: 's', fields, kept: ['old'], position: [] })
    expect(plan.statements.map(({ sql }) => sql)).toEqual([
      'SELECT count(*) FROM s',
      'SELECT count(*) FROM t',
      'SELECT CAST(k."a" AS VARCHAR) AS "a", CAST(k."d" AS VARCHAR) AS "d", count(*) AS "#rows" FROM (SELECT "a", "d" FROM s) AS k GROUP BY k."a", k."d" HAVING count(*) > 1 ORDER BY ALL LIMIT 1',
      'CREATE TEMP TABLE "#merged" AS SELECT s."a", s."d", CASE WHEN t.rowid IS NULL THEN s."ingestion_date" ELSE t."ingestion_date" END AS "ingestion_date", t."old", t.rowid AS "#row"' +
        ' FROM s AS s LEFT JOIN t AS t ON s."a" IS NOT DISTINCT FROM t."a" AND s."d" = t."d"',
      'SELECT CAST(k."a" AS VARCHAR) AS "a", CAST(k."d" AS VARCHAR) AS "d", count(*) AS "#rows" FROM (SELECT "a", "d" FROM temp."#merged" WHERE (SELECT count(*) FROM temp."#merged") > (SELECT count(*) FROM s) AND "#row" IS NOT NULL) AS k' +
        ' GROUP BY k."a", k."d" HAVING count(*) > 1 ORDER BY ALL LIMIT 1',
      'DELETE FROM t WHERE rowid IN (SELECT "#row" FROM temp."#merged" WHERE "#row" IS NOT NULL)',
      'INSERT INTO t ("a", "d", "ingestion_date", "old") SELECT "a", "d", "ingestion_date", "old" FROM temp."#merged"',
      'SELECT count(*) FROM t',
    ])
  })

  test('ranks by order_by, then by the place of the row', () => {
    const job = fixture.publishJob(SCHEMA, [], { type: 'merge', keys: ['a'], orderBy: ['at'] })
    const plan = publishMerge(job, { target: 't', source: 's', fields: SCHEMA, kept: [], position: ['"#file_index"'] })
    expect(plan.statements[2]?.sql).toBe(
      'CREATE TEMP TABLE "#ranked" AS SELECT "a", "b", "at", "v", row_number() OVER (PARTITION BY "a" ORDER BY "at" DESC NULLS LAST, "#file_index" DESC NULLS LAST) AS "#rank" FROM s',
    )
  })

  test('replaces rows of known keys, NULL equal to NULL, and keeps their ingestion date', async () => {
    await fixture.run(
      await merge(
        [
          { a: 'x', b: 1, v: 'old' },
          { a: null, b: 1, v: 'old' },
          { a: null, b: null, v: 'old' },
        ],
        [],
        { day: '2026-01-01', run: 'r1' },
      ),
    )
    const status = await fixture.run(
      await merge(
        [
          { a: null, b: 1, v: 'new' },
          { a: null, b: null, v: 'new' },
          { a: 'y', b: 1, v: 'new' },
        ],
        [],
        { day: '2026-01-02', run: 'r2' },
      ),
    )
    expect(status).toMatchObject({
      state: 'done',
      counts: { staged: 3, inserted: 1, updated: 2, deleted: 0, superseded: 0 },
    })
    expect(
      await fixture.query('SELECT a, b, v, ingestion_date, _run_id FROM {{t}} ORDER BY a NULLS FIRST, b NULLS FIRST'),
    ).toEqual([
      [null, null, 'new', '2026-01-01', 'r2'],
      [null, '1', 'new', '2026-01-01', 'r2'],
      ['x', '1', 'old', '2026-01-01', 'r1'],
      ['y', '1', 'new', '2026-01-02', 'r2'],
    ])
  })

  test('without order_by refuses two rows of one key, and names it', async () => {
    expect(
      await fixture.failure(
        await merge([
          { a: null, b: 7, v: '1' },
          { a: null, b: 7, v: '2' },
        ]),
      ),
    ).toBe(
      'DATA_REJECTED: 2 rows have the key (a = NULL, b = "7"): make the key unique, or say with order_by which of them is the last',
    )
    expect(await (await fixture.open()).describe(TABLE)).toBeUndefined()
  })

  test('with order_by takes the last, NULL being the first of all, and of ties the later row of the later part', async () => {
    const parts = [
      await fixture.partOf(SCHEMA, [
        { a: 'k', b: 1, at: 2, v: 'first part' },
        { a: 'n', b: 1, at: 1, v: 'valued' },
        { a: 't', b: 1, at: 5, v: 'early' },
        { a: 't', b: 1, at: 5, v: 'late' },
      ]),
      await fixture.partOf(SCHEMA, [
        { a: 'k', b: 1, at: 2, v: 'second part' },
        { a: 'n', b: 1, at: null, v: 'unvalued' },
      ]),
    ]
    const job = fixture.publishJob(SCHEMA, parts, { type: 'merge', keys: KEYS, orderBy: ['at'] })
    expect(await fixture.run(job)).toMatchObject({
      state: 'done',
      counts: { staged: 6, inserted: 3, superseded: 3, updated: 0 },
    })
    expect(await fixture.query('SELECT a, v FROM {{t}} ORDER BY a')).toEqual([
      ['k', 'second part'],
      ['n', 'valued'],
      ['t', 'late'],
    ])
  })

  test('refuses a table that has a key twice, and leaves it as it was', async () => {
    const twice = [
      { a: 'x', b: 1, v: '1' },
      { a: 'x', b: 1, v: '2' },
    ]
    await fixture.run(fixture.publishJob(SCHEMA, [await fixture.partOf(SCHEMA, twice)], { type: 'append' }))
    expect(await fixture.failure(await merge([{ a: 'x', b: 1, v: 'new' }]))).toContain(
      'the table has 2 rows with the key (a = "x", b = "1")',
    )
    expect(await fixture.query('SELECT v FROM {{t}} ORDER BY v')).toEqual([['1'], ['2']])
  })

  test('keeps what the table holds in columns that the load does not have', async () => {
    const wider = [...SCHEMA, field('note', 'STRING')]
    await fixture.run(
      fixture.publishJob(wider, [await fixture.partOf(wider, [{ a: 'x', b: 1, v: 'old', note: 'kept' }])], {
        type: 'append',
      }),
    )
    await fixture.run(
      await merge([
        { a: 'x', b: 1, v: 'new' },
        { a: 'y', b: 1, v: 'new' },
      ]),
    )
    expect(await fixture.query('SELECT a, v, note FROM {{t}} ORDER BY a')).toEqual([
      ['x', 'new', 'kept'],
      ['y', 'new', null],
    ])
  })

  test('refuses keys that are no columns or cannot be compared', async () => {
    const schema = [field('j', 'JSON')]
    const parts = [await fixture.partOf(schema, [])]
    expect(
      await fixture.failure(fixture.publishJob(schema, parts, { type: 'merge', keys: ['j'], orderBy: [] })),
    ).toContain('key "j" is a JSON')
    expect(
      await fixture.failure(fixture.publishJob(schema, parts, { type: 'merge', keys: ['x'], orderBy: [] })),
    ).toContain('key "x" is not a column')
  })
})

describe('any sequence of merges', () => {
  beforeAll(() => {
    fixture = new WarehouseFixture()
  })
  afterAll(() => fixture.close())

  const row = fc.record({
    a: fc.constantFrom('x', 'y', null),
    b: fc.constantFrom(1, 2, null),
    at: fc.constantFrom(1, 2, null),
    v: fc.string({ minLength: 1, maxLength: 2, unit: fc.constantFrom('p', 'q', "'", 'ü') }),
  })
  const batches = fc.array(fc.array(fc.array(row, { maxLength: 5 }), { minLength: 1, maxLength: 2 }), {
    minLength: 1,
    maxLength: 3,
  })
  let table = 0

  test('leaves what a plain map would hold, and counts what it did', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (runs) => {
        const target = { ...TABLE, table: `t${table++}` }
        const model = new Map<string, readonly unknown[]>()
        for (const [index, parts] of runs.entries()) {
          const day = `2026-01-0${index + 1}`
          const job = fixture.publishJob(
            SCHEMA,
            await Promise.all(parts.map((rows) => fixture.partOf(SCHEMA, rows, { day }))),
            { type: 'merge', keys: KEYS, orderBy: ['at'] },
            { target },
          )
          const status = await fixture.run(job)
          expect(status.state === 'done' ? status.counts : status).toEqual({
            deleted: 0,
            ...mergeInto(model, parts.flat(), day),
          })
        }
        const held = await fixture.query(`SELECT a, b, "at", v, ingestion_date FROM {{t}}`, target)
        expect(sorted(held)).toEqual(sorted([...model.values()]))
      }),
      { numRuns: 20 },
    )
  })

  const sorted = (rows: readonly (readonly unknown[])[]) => rows.map((cells) => JSON.stringify(cells)).toSorted()

  const mergeInto = (model: Map<string, readonly unknown[]>, rows: readonly Row[], day: string) => {
    const winners = new Map<string, Row>()
    for (const next of rows) {
      const key = JSON.stringify([next['a'], next['b']])
      const best = winners.get(key)
      if (!best || Number(next['at'] ?? -1) >= Number(best['at'] ?? -1)) winners.set(key, next)
    }
    let updated = 0
    for (const [key, { a, b, at, v }] of winners) {
      const before = model.get(key)
      if (before) updated++
      const number = (value: unknown) => (typeof value === 'number' ? String(value) : null)
      model.set(key, [a, number(b), number(at), v, before ? before[4] : day])
    }
    return { staged: rows.length, inserted: winners.size - updated, updated, superseded: rows.length - winners.size }
  }
})
