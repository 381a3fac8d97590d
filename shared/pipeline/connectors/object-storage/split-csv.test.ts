import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DataRejectedError } from '@convergence/core/errors.ts'
import { csvDialect } from '../../process/csv/dialect.ts'
import { CsvRecord, fieldText, readRecord } from '../../process/csv/read-record.ts'
import { splitCsv, type FileSlice, type SplitOptions } from './split-csv.ts'

const dialect = csvDialect({ delimiter: ',', quote: '"' })

async function* pieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const split = async (
  text: string | Buffer,
  options: Partial<SplitOptions> & { pieceBytes?: number } = {},
): Promise<FileSlice[]> => {
  const { pieceBytes = 5, ...rest } = options
  const slices: FileSlice[] = []
  for await (const slice of splitCsv(pieces(Buffer.from(text as string), pieceBytes), {
    origin: 'a.csv',
    dialect,
    header: true,
    sliceBytes: 20,
    ...rest,
  }))
    slices.push(slice)
  return slices
}

/** All records of a text, read at once. */
const records = (bytes: Buffer): string[][] => {
  const record = new CsvRecord()
  const rows: string[][] = []
  for (let at = 0; at < bytes.length;) {
    at = readRecord(bytes, at, record, dialect, true)
    rows.push(Array.from({ length: record.count }, (_, i) => fieldText(bytes, record, i, dialect)))
  }
  return rows
}

const cell = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('', '\n', '"', ',', '\r\n', 'a\nb', 'é\n€', '""\n'))
const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

describe('splitCsv', () => {
  it('gives the same records in slices as in the whole file, wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        fc.boolean(),
        async (rows, sliceBytes, pieceBytes, lastLineEnds) => {
          const lines = [['a', 'b'], ...rows].map((row) => `${row.map(quoted).join(',')}\n`).join('')
          const bytes = Buffer.from(lastLineEnds ? lines : lines.slice(0, -1))
          const slices = await split(bytes, { sliceBytes, pieceBytes })
          expect(slices.flatMap((slice) => records(bytes.subarray(slice.start, slice.end)))).toEqual(rows)
          expect(
            slices.every(
              (slice, i) =>
                slice.columns?.join() === 'a,b' &&
                slice.firstRow === 1 + slices.slice(0, i).reduce((sum, one) => sum + one.records, 0),
            ),
          ).toBe(true)
          expect(slices.reduce((sum, slice) => sum + slice.records, 0)).toBe(rows.length)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('carries the header, skips a byte order mark, and does not count blank lines', async () => {
    const slices = await split('\uFEFFid,name\r\n1,a\r\n\r\n2,"b\r\n\r\n"\r\n\r\n3,c', { sliceBytes: 8 })
    expect(slices.map(({ firstRow, records: n }) => [firstRow, n])).toEqual([
      [1, 2],
      [3, 1],
    ])
    expect(slices[0]).toMatchObject({ start: 12, columns: ['id', 'name'] })
  })

  it('splits at line ends alone where nothing is quoted', async () => {
    const slices = await split('{"a":"x"}\n{"a":"y\\""}\n{"a":"z"}\n', {
      header: false,
      dialect: { delimiter: 0x2c, quote: -1 },
      sliceBytes: 10,
    })
    expect(slices.map((slice) => slice.records).reduce((a, b) => a + b)).toBe(3)
  })

  it('gives one slice without records for a header alone', async () => {
    expect(await split('id,name\n')).toEqual([{ start: 8, end: 8, firstRow: 1, records: 0, columns: ['id', 'name'] }])
  })

  it('says which record opens a quote that is never closed, and which names are wrong', async () => {
    await expect(split('id,name\n1,a\n2,"b\n3,c\n4,d\n')).rejects.toThrow(
      new DataRejectedError('a.csv: the quote that opens in record 2 is never closed'),
    )
    await expect(split('')).rejects.toThrow(/empty file/)
    await expect(split('id,name,id\n1,2,3\n')).rejects.toThrow("columns 1 and 3 are both named 'id'")
  })
})
