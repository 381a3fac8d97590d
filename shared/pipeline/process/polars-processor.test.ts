import { afterAll, describe, expect, it } from 'vitest'
import { PolarsProcessor } from './polars-processor.ts'
import { column, readParts, request } from './testing.ts'

const processor = new PolarsProcessor({ children: 1 })
afterAll(() => processor.close())

describe('PolarsProcessor', () => {
  it('types the columns of a CSV file, in the order of the table, with the constants after them', async () => {
    const content = 'id,amount,day,note\n1,12.50,2024-01-05,hello\n2,,2024-02-29,"a ""b"", c"\n'
    const columns = [
      column('day', 'DATE'),
      column('id', 'INT64'),
      column('amount', 'NUMERIC'),
      column('note', 'STRING'),
    ]
    const result = await processor.process(
      request(content, columns, {
        constants: [
          { field: { name: 'ingestion_date', type: 'DATE', mode: 'REQUIRED' }, value: '2024-03-01' },
          { field: { name: '_run_id', type: 'STRING', mode: 'REQUIRED' }, value: 'run-1' },
          { field: { name: '_ingested_at', type: 'TIMESTAMP', mode: 'REQUIRED' }, value: '2024-03-01T04:05:06.789Z' },
        ],
      }),
    )
    const { rows, types } = readParts(result.parts)
    expect(types).toEqual({
      day: 'DataType(Date)',
      id: 'DataType(Int64)',
      amount: 'DataType(Decimal(38,9))',
      note: 'DataType(String)',
      ingestion_date: 'DataType(Date)',
      _run_id: 'DataType(String)',
      _ingested_at: 'DataType(Datetime(us,UTC))',
    })
    expect(Object.keys(types)).toEqual(['day', 'id', 'amount', 'note', 'ingestion_date', '_run_id', '_ingested_at'])
    expect(rows).toEqual([
      {
        day: '2024-01-05',
        id: '1',
        amount: '12.500000000',
        note: 'hello',
        ingestion_date: '2024-03-01',
        _run_id: 'run-1',
        _ingested_at: '2024-03-01 04:05:06.789000+00:00',
      },
      {
        day: '2024-02-29',
        id: '2',
        amount: null,
        note: 'a "b", c',
        ingestion_date: '2024-03-01',
        _run_id: 'run-1',
        _ingested_at: '2024-03-01 04:05:06.789000+00:00',
      },
    ])
    expect(result.counts).toEqual({ fetched: 2, accepted: 2, rejected: 0, filtered: 0 })
    expect(result.rejects).toEqual([])
    await result.release()
  })

  it('rejects a row by its first bad column, with its position and the whole row, and keeps the good ones', async () => {
    const content =
      'id,amount,day\n1,6.2E-8,2024-01-05\n2,12.3456789012,2024-02-30\n3,1e3,2024-01-05T00:00\n4,1.5,2024-01-07\n5,2\n'
    const columns = [column('id', 'INT64'), column('amount', 'NUMERIC'), column('day', 'DATE')]
    const result = await processor.process(
      request(content, columns, {
        rejectConstants: [{ field: { name: 'step_id', type: 'STRING', mode: 'REQUIRED' }, value: 'usage' }],
      }),
    )
    expect(result.counts).toEqual({ fetched: 5, accepted: 2, rejected: 3, filtered: 0 })
    expect(readParts(result.parts).rows.map((row) => row['amount'])).toEqual(['1.500000000', '0.000000062'])
    expect(readParts(result.rejects).rows).toEqual([
      {
        origin: 'bills/a.csv',
        position: '2',
        column: 'amount',
        value: '12.3456789012',
        reason: "'12.3456789012' has more than 9 digits after the point",
        raw: '{"id":"2","amount":"12.3456789012","day":"2024-02-30"}',
        step_id: 'usage',
      },
      {
        origin: 'bills/a.csv',
        position: '3',
        column: 'day',
        value: '2024-01-05T00:00',
        reason: "'2024-01-05T00:00' is not a date: YYYY-MM-DD, on the calendar, was expected",
        raw: '{"id":"3","amount":"1e3","day":"2024-01-05T00:00"}',
        step_id: 'usage',
      },
      {
        origin: 'bills/a.csv',
        position: '5',
        column: null,
        value: null,
        reason: 'the record has 2 fields, 3 fields were expected',
        raw: '["5","2"]',
        step_id: 'usage',
      },
    ])
    await result.release()
  })
})
