import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { DataRejectedError } from '@convergence/core/errors.ts'
import { csvDialect } from './csv/dialect.ts'
import { CsvRecord, fieldText, INCOMPLETE, readRecord } from './csv/read-record.ts'
import { PolarsProcessor } from './polars-processor.ts'
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

/** What our own reader makes of the bytes, read whole; undefined when a quote is left open. */
const expected = (bytes: Buffer, columns: number): { good: (string | null)[][]; bad: number } | undefined => {
  const dialect = csvDialect(CSV)
  const record = new CsvRecord()
  const good: (string | null)[][] = []
  let bad = 0
  for (let at = 0; at < bytes.length;) {
    const end = readRecord(bytes, at, record, dialect, true)
    if (end === INCOMPLETE) return undefined
    const own = bytes.subarray(at, end)
    const cells = Array.from({ length: record.count }, (_, i) => fieldText(bytes, record, i, dialect)).map((text, i) =>
      record.quoting[i] === 0 && text === '' ? null : text,
    )
    at = end
    if (columns > 1 && /^\r?\n?$/.test(own.toString())) continue
    if (record.problem !== undefined || cells.length !== columns || own.includes(0)) bad++
    else good.push(cells)
  }
  return { good, bad }
}

const piece = fc.constantFrom(
  'a',
  'b',
  'é',
  ',',
  ',',
  ',',
  '\n',
  '\n',
  '\r\n',
  '\r',
  '"',
  '"a"',
  '""',
  '"x,\n"',
  '""""',
  ' ',
  '\0',
)
const line = fc.constantFrom('a,b\n', '1,\n', ',\n', '"",x\n', '"q""q","r\ns"\n', 'a,b\r\n', '\n', 'x\n')

it.each([1, 2])(
  'polars and our own reader see the same records in any bytes, however they arrive (%i columns)',
  async (columns) => {
    const names = Array.from({ length: columns }, (_, i) => `c${i}`)
    const content = fc
      .array(fc.oneof({ weight: 1, arbitrary: piece }, { weight: 3, arbitrary: line }), { maxLength: 60 })
      .map((parts) => Buffer.from(parts.join('')))
    await fc.assert(
      fc.asyncProperty(content, fc.integer({ min: 1, max: 80 }), async (bytes, pieceBytes) => {
        const whole = expected(bytes, columns)
        const job = processor.process(
          request(
            bytes,
            names.map((name) => column(name, 'STRING')),
            { format: { ...CSV, header: false, columns: names }, pieceBytes },
          ),
        )
        if (!whole) {
          await expect(job).rejects.toThrow(DataRejectedError)
          return
        }
        const result = await job
        expect(result.counts).toEqual({
          fetched: whole.good.length + whole.bad,
          accepted: whole.good.length,
          rejected: whole.bad,
          filtered: 0,
        })
        expect(readParts(result.parts).rows.map((row) => names.map((name) => row[name]))).toEqual(whole.good)
        await result.release()
      }),
      { numRuns: 60 },
    )
  },
  60_000,
)
