import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FieldType } from '@convergence/core/table.ts'
import type { TargetColumn } from '@convergence/core/ports/processor.ts'
import { PolarsProcessor } from './polars-processor.ts'
import { rowRules } from './row-rules.ts'
import { column, CSV, readParts, request } from './testing.ts'

let directory: string
let processor: PolarsProcessor
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'process-test-'))
  processor = new PolarsProcessor({ children: 1, directory })
})
afterAll(async () => {
  await processor.close()
  await rm(directory, { recursive: true })
})

/** Texts that are good, nearly good and bad for each type. */
const TEXTS: Record<Exclude<FieldType, 'STRUCT'>, readonly string[]> = {
  STRING: ['a', '', ' ', 'x,y', '"', 'é', 'line\nbreak'],
  BYTES: ['aGk=', '', 'aGk', '!!', 'aGl='],
  INT64: [
    '1',
    '+1',
    '-0',
    '007',
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775808',
    '1.0',
    ' 1',
    '1e3',
    '１',
    '',
  ],
  FLOAT64: [
    '1',
    '-1.5e3',
    '.5',
    '5.',
    '1e400',
    '1e-400',
    'NaN',
    'inf',
    '-Infinity',
    '0x10',
    '1_0',
    '4.9e-324',
    '123456789012345678901234567890',
  ],
  NUMERIC: [
    '1',
    '1.5',
    '0.123456789',
    '0.1234567891',
    '1.50000000000000',
    '6.2E-8',
    '6.2E-12',
    '1e3',
    '99999999999999999999999999999',
    '100000000000000000000000000000',
    '.5',
    '5.',
    '.',
    '-0',
    '+1.10',
    '00000000000000000000000000000000000000000000000001.5',
    '1,0',
    '1e5.25',
    '+.',
    '-',
    '1.e3',
    '1.5e3',
    '12e-1.5',
    '-.5',
    'NaN',
  ],
  BIGNUMERIC: ['1', '12345678901234567890.123456789012345678', '0.1234567890123456789', '123456789012345678901'],
  BOOL: ['true', 'FALSE', 'True', '1', '0', 'yes', 'maybe'],
  DATE: [
    '2024-01-05',
    '2024-02-29',
    '2023-02-29',
    '2024-02-30',
    '2024-1-5',
    '+2024-1-05',
    '2024-01-5 ',
    '0000-01-01',
    '0001-01-01',
    '9999-12-31',
    '2024-01-05T00:00',
    '20240105',
  ],
  DATETIME: [
    '2024-01-05T01:02:03',
    '2024-01-05 01:02:03.5',
    '2024-01-05T24:00:00',
    '2024-01-05T23:59:60',
    '2024-01-05',
    '2024-01-05T01:02:03Z',
    '2024-01-05T01:02:03.1234567',
    '2024-01-05T01:02:03.123456000',
    '0001-01-01T00:00:00.000001',
  ],
  TIME: ['01:02:03', '23:59:59.999999', '24:00:00', '1:2:3', '01:02:03.1234567', '00:00:00.5'],
  TIMESTAMP: [
    '2024-01-05T01:02:03Z',
    '2024-01-05T01:02:03',
    '2024-01-05 01:02:03',
    '2024-01-05 1:2:3',
    '2024-01-05T01:02:03+02:00',
    '2024-01-05T01:02:03.123Z',
    '2024-01-05 01:02:03.123456 UTC',
    '2024-01-05T01:02:60Z',
    '2024-02-30 01:02:03',
    '1969-12-31T23:59:59.999999Z',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999999Z',
  ],
  JSON: ['{"a":1}', '[]', '"x"', '{a}', '1'],
}

const csvCell = (text: string | null): string =>
  text === null ? '' : text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text

/** polars' text of a part's cell as the readers write it. */
const canonical = (type: FieldType, text: string | null): string | null => {
  if (text === null) return null
  if (type === 'NUMERIC' || type === 'BIGNUMERIC')
    return text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '').replace(/^-0$/, '0') : text
  if (type === 'DATETIME' || type === 'TIMESTAMP')
    return text
      .replace('+00:00', '')
      .replace(' ', 'T')
      .replace(/(\.\d*?)0+$/, '$1')
      .replace(/\.$/, '')
  if (type === 'TIME') return text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')
  return text
}

/** A part's rows in the order of the file: the second part holds what polars was not sure of. */
const byId = (rows: Record<string, unknown>[]) => [...rows].sort((a, b) => Number(a['row']) - Number(b['row']))

const TYPES = Object.keys(TEXTS).filter((type) => type !== 'BYTES') as Exclude<FieldType, 'STRUCT' | 'BYTES'>[]

describe('every row of a table', () => {
  it('is accepted with its exact value, or rejected for what is wrong with it, whatever the texts', async () => {
    const cell = (type: keyof typeof TEXTS) =>
      fc.option(
        fc.oneof(
          { weight: 9, arbitrary: fc.constantFrom(...TEXTS[type]) },
          fc.string({ maxLength: 6 }).filter((text) => !text.includes('\0')),
        ),
        { nil: null, freq: 6 },
      )
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 2 }),
        fc.boolean(),
        fc.gen(),
        async (types, required, gen) => {
          const columns: TargetColumn[] = [
            column('row', 'INT64'),
            ...types.map((type, i) => column(`c${i}`, type, required && i === 0 ? { mode: 'REQUIRED' } : {})),
          ]
          const table = Array.from({ length: 60 }, (_, i) => [String(i), ...types.map((type) => gen(cell, type))])
          const lines = [columns.map((one) => one.source), ...table]
            .map((row) => `${row.map(csvCell).join(',')}\n`)
            .join('')
          const result = await processor.process(request(lines, columns, { pieceBytes: 97 }))
          const rule = rowRules({ columns })
          const verdicts = table.map((row) => rule(row))
          const good = verdicts.flatMap((verdict) => (verdict.outcome === 'accepted' ? [verdict.cells] : []))
          const bad = verdicts.flatMap((verdict, i) =>
            verdict.outcome === 'rejected'
              ? [{ position: String(i + 1), column: verdict.column, value: verdict.value, reason: verdict.reason }]
              : [],
          )
          expect(result.counts).toEqual({
            fetched: table.length,
            accepted: good.length,
            rejected: bad.length,
            filtered: 0,
          })
          const rows = byId(readParts(result.parts).rows)
          for (const [i, type] of types.entries())
            if (type !== 'FLOAT64')
              expect(rows.map((row) => canonical(type, row[`c${i}`] as string | null))).toEqual(
                good.map((cells) => cells[i + 1]),
              )
            else
              expect(
                rows.map((row) =>
                  row[`c${i}`] === null ? null : Number(String(row[`c${i}`]).replace('inf', 'Infinity')),
                ),
              ).toEqual(
                good.map((cells) =>
                  cells[i + 1] === null ? null : Number(String(cells[i + 1]).replace('inf', 'Infinity')),
                ),
              )
          expect(
            readParts(result.rejects).rows.map(({ position, column: name, value, reason }) => ({
              position,
              column: name,
              value,
              reason,
            })),
          ).toEqual(bad)
          await result.release()
        },
      ),
      { numRuns: 25 },
    )
  }, 60_000)

  it('is the same where polars reads the columns as their types at once, and where one cell forbids it', async () => {
    const columns = [
      column('row', 'INT64', { mode: 'REQUIRED' }),
      column('price', 'NUMERIC', { precision: 9, scale: 2 }),
      column('wide', 'BIGNUMERIC'),
      column('day', 'DATE'),
      column('name', 'STRING'),
    ]
    const plain = (type: 'NUMERIC' | 'BIGNUMERIC' | 'DATE' | 'STRING'): string[] =>
      TEXTS[type].filter((text) => !/[",\n]/.test(text))
    const sure = fc.tuple(
      fc.stringMatching(/^[+-]?[0-9]{1,18}$/),
      fc.stringMatching(/^[+-]?[0-9]{1,7}(\.[0-9]{0,2})?$/),
      fc.stringMatching(/^-?[0-9]{0,20}\.[0-9]{1,18}$/),
      fc
        .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
        .map((day) => day.toISOString().slice(0, 10)),
      fc.constantFrom(...plain('STRING')),
    )
    const any = fc.tuple(
      fc.constantFrom('1', 'x', ''),
      fc.constantFrom(...plain('NUMERIC')),
      fc.constantFrom(...plain('BIGNUMERIC')),
      fc.constantFrom(...plain('DATE')),
      fc.constantFrom(...plain('STRING')),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(sure, { minLength: 1, maxLength: 60 }),
        fc.array(any, { maxLength: 2 }),
        async (a, b) => {
          const table = [...a, ...b].map((row) => row.map((text) => (text === '' ? null : text)))
          const text = table.map((row) => `${row.map((cell) => cell ?? '').join(',')}\n`).join('')
          const result = await processor.process(request(`row,price,wide,day,name\n${text}`, columns))
          const verdicts = table.map(rowRules({ columns }))
          const good = verdicts.flatMap((verdict) => (verdict.outcome === 'accepted' ? [verdict.cells] : []))
          expect(result.counts).toMatchObject({ accepted: good.length, rejected: table.length - good.length })
          const seen = readParts(result.parts).rows.map((row) =>
            columns.map(({ field }) => canonical(field.type as keyof typeof TEXTS, row[field.name] as string | null)),
          )
          const inOrder = (rows: readonly (readonly (string | null)[])[]): string[] =>
            rows.map((row) => JSON.stringify(row)).toSorted()
          expect(inOrder(seen)).toEqual(
            inOrder(
              good.map((cells) =>
                cells.map((cell, i) => canonical(columns[i]?.field.type as keyof typeof TEXTS, cell)),
              ),
            ),
          )
          await result.release()
        },
      ),
      { numRuns: 40 },
    )
  }, 60_000)

  it('is the same when the file is cut into two inputs', async () => {
    const rows = Array.from({ length: 40 }, (_, i) => `${i},${i % 7 === 0 ? 'bad' : `${i}.${i}`},"n${i}\n"`)
    const columns = [column('row', 'INT64'), column('amount', 'NUMERIC'), column('name', 'STRING')]
    const whole = await processor.process(request(`row,amount,name\n${rows.join('\n')}\n`, columns))
    const format = { ...CSV, header: false, columns: ['row', 'amount', 'name'] }
    const halves = await Promise.all([
      processor.process(request(`${rows.slice(0, 17).join('\n')}\n`, columns, { format })),
      processor.process({
        ...request(`${rows.slice(17).join('\n')}\n`, columns, { format }),
        input: { ...request(`${rows.slice(17).join('\n')}\n`, columns, { format }).input, firstRow: 18 },
      }),
    ])
    const all = (results: (typeof whole)[]) => ({
      good: byId(results.flatMap((one) => readParts(one.parts).rows)),
      bad: results.flatMap((one) => readParts(one.rejects).rows),
    })
    expect(all(halves)).toEqual(all([whole]))
    expect(all([whole]).bad.map((row) => row['position'])).toEqual(['1', '8', '15', '22', '29', '36'])
    await Promise.all([whole, ...halves].map((one) => one.release()))
  })

  it('reads bytes, and writes them as bytes', async () => {
    const result = await processor.process(request('b\naGk=\nxx\n\n', [column('b', 'BYTES')]))
    expect(result.counts).toEqual({ fetched: 3, accepted: 2, rejected: 1, filtered: 0 })
    expect(readParts(result.parts, false).rows).toEqual([{ b: 'hi' }, { b: null }])
    await result.release()
  })
})

describe('rules on rows', () => {
  const columns = [column('row', 'INT64'), column('at', 'TIMESTAMP'), column('day', 'DATE')]
  const content =
    'row,at,day\n1,2024-01-01T00:00:00Z,2024-01-01\n2,2024-01-02 00:00:00,2024-01-02\n3,2024-01-03T02:00:00+02:00,2024-01-01\n4,,2024-01-01\n5,2024-01-02T23:59:59.999999Z,x\n6,2023-01-01T00:00:00Z,x\n'

  it('filter what is outside the half-open window, even if it is bad elsewhere, and say the largest accepted value', async () => {
    const window = {
      column: 'at',
      start: '2024-01-01T00:00:00Z',
      end: '2024-01-03T00:00:00Z',
      onNull: 'reject',
    } as const
    const result = await processor.process(request(content, columns, { window, maxOf: 'at' }))
    expect(result.counts).toEqual({ fetched: 6, accepted: 2, rejected: 2, filtered: 2 })
    expect(result.max).toBe('2024-01-02T00:00:00Z')
    expect(
      readParts(result.rejects).rows.map(({ position, column: name, reason }) => [position, name, reason]),
    ).toEqual([
      ['4', 'at', 'NULL in the column of the window'],
      ['5', 'day', "'x' is not a date: YYYY-MM-DD, on the calendar, was expected"],
    ])
    const including = await processor.process(request(content, columns, { window: { ...window, onNull: 'include' } }))
    expect(including.counts).toEqual({ fetched: 6, accepted: 3, rejected: 1, filtered: 2 })
    await Promise.all([result.release(), including.release()])
  })

  it('reject rows of other partitions, by the day of an instant too', async () => {
    const byDay = await processor.process(
      request(content, columns, { partitions: { column: 'day', values: ['2024-01-01'] } }),
    )
    expect(byDay.counts).toEqual({ fetched: 6, accepted: 3, rejected: 3, filtered: 0 })
    expect(byDay.samples[0]).toMatchObject({
      position: 2,
      column: 'day',
      reason: "'2024-01-02' is not in the partitions that this step replaces",
    })
    const byInstant = await processor.process(
      request(content, columns, { partitions: { column: 'at', values: ['2024-01-03'] } }),
    )
    expect(readParts(byInstant.parts).rows.map((row) => row['row'])).toEqual(['3'])
    await Promise.all([byDay.release(), byInstant.release()])
  })
})

describe('JSON', () => {
  const columns = [column('id', 'INT64'), column('price', 'NUMERIC'), column('name', 'STRING'), column('more', 'JSON')]
  const expected = [
    { id: '1', price: '0.100000000', name: '', more: '{"a":[1.0]}' },
    { id: '2', price: '1000.000000000', name: null, more: null },
  ]

  it('keeps every digit, NULL and the empty text, in lines and in a document', async () => {
    const lines =
      '{"id":1,"price":0.100000000000,"name":"","more":{"a": [1.0]},"extra":1}\n\n{"id":2,"price":1e3,"name":null}\n'
    const ndjson = await processor.process(request(lines, columns, { format: { format: 'ndjson' } }))
    expect(byIdOf(readParts(ndjson.parts).rows)).toEqual(expected)
    expect(ndjson.unknownColumns).toEqual(['extra'])
    const document = `{"data":[${lines.trim().replace('\n\n', ',')}]}`
    const json = await processor.process(request(document, columns, { format: { format: 'json', records: 'data[*]' } }))
    expect(byIdOf(readParts(json.parts).rows)).toEqual(expected)
    await Promise.all([ndjson.release(), json.release()])
  })

  it('rejects a line that is no object, alone, with its position', async () => {
    const lines = '{"id":1}\n{"id":\n[2]\n{"id":3},{"id":4}\n{"id":5}\n'
    const result = await processor.process(request(lines, columns, { format: { format: 'ndjson' } }))
    expect(result.counts).toEqual({ fetched: 5, accepted: 2, rejected: 3, filtered: 0 })
    expect(readParts(result.rejects).rows.map((row) => [row['position'], row['raw']])).toEqual([
      ['2', '["{\\"id\\":"]'],
      ['3', '["[2]"]'],
      ['4', '["{\\"id\\":3},{\\"id\\":4}"]'],
    ])
    await result.release()
  })

  it('says what is wrong with a document', async () => {
    await expect(processor.process(request('[{"id":1},', columns, { format: { format: 'json' } }))).rejects.toThrow(
      /^bills\/a\.csv: /,
    )
    await expect(processor.process(request('', columns, { format: { format: 'ndjson' } }))).rejects.toThrow(
      /empty file/,
    )
  })
})

describe('Parquet', () => {
  it('goes in as it came out, and through exact text where the types differ', async () => {
    const { readFile } = await import('node:fs/promises')
    const columns = [
      column('row', 'INT64'),
      column('amount', 'NUMERIC'),
      column('day', 'DATE'),
      column('at', 'TIMESTAMP'),
      column('name', 'STRING'),
    ]
    const csv = await processor.process(
      request('row,amount,day,at,name\n1,0.123456789,2024-01-05,2024-01-05T01:02:03.5Z,a\n2,,,,\n', columns),
    )
    const parquet = await readFile((csv.parts[0] as unknown as { body: { path: string } }).body.path)
    const format = { format: 'parquet' } as const
    const same = await processor.process(request(parquet, columns, { format }))
    expect(readParts(same.parts)).toEqual(readParts(csv.parts))
    const other = [
      column('row', 'STRING'),
      column('amount', 'NUMERIC', { precision: 10, scale: 2 }),
      column('day', 'STRING'),
      column('at', 'DATETIME'),
      column('name', 'STRING'),
    ]
    const cast = await processor.process(request(parquet, other, { format }))
    expect(cast.counts).toEqual({ fetched: 2, accepted: 1, rejected: 1, filtered: 0 })
    expect(readParts(cast.rejects).rows).toMatchObject([
      {
        position: '1',
        column: 'amount',
        value: '0.123456789',
        reason: "'0.123456789' has more than 2 digits after the point",
      },
    ])
    const sample = await processor.sample(request(parquet, columns, { format }).input, 1)
    expect(sample.schema).toMatchObject([
      { type: 'INT64' },
      { type: 'NUMERIC', precision: 38, scale: 9 },
      { type: 'DATE' },
      { type: 'TIMESTAMP' },
      { type: 'STRING' },
    ])
    expect(sample.rows).toEqual([['1', '0.123456789', '2024-01-05', expect.stringContaining('01:02:03.5'), 'a']])
    await Promise.all([csv, same, cast].map((one) => one.release()))
  })
})

describe('sample', () => {
  it('gives the first records of a CSV file, and reads no further', async () => {
    let pieces = 0
    const endless = async function* () {
      yield Buffer.from('id,name\n1,\n2,""\n3\n')
      for (; ; pieces++) yield Buffer.from('4,d\n'.repeat(10_000))
    }
    const { input } = request('', [])
    expect(await processor.sample({ ...input, body: endless() }, 3)).toEqual({
      columns: ['id', 'name'],
      rows: [
        ['1', null],
        ['2', ''],
        ['4', 'd'],
      ],
    })
    expect(pieces).toBeLessThan(10)
  })

  it('gives the keys of JSON lines in the order in which they came', async () => {
    const { input } = request('{"a":1.50}\n{"b":null,"a":2}\n{"c":3}\n', [], { format: { format: 'ndjson' } })
    expect(await processor.sample(input, 2)).toEqual({
      columns: ['a', 'b'],
      rows: [
        ['1.50', null],
        ['2', null],
      ],
    })
  })
})

const byIdOf = (rows: Record<string, unknown>[]) => [...rows].sort((a, b) => Number(a['id']) - Number(b['id']))
