import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileTenant, type FileSetup } from './file-tenant.ts'
import { openProject, reasonOf, type TestProject, type TestTenant } from './project.ts'

const DAY = '2026-01-31'
const good = (rows: number): string =>
  `id,day,amount\n${Array.from({ length: rows }, (_, i) => `${i + 1},${DAY},1.5\n`).join('')}`
const garbled = (bytes: Buffer): Buffer => bytes.fill(0xff, 100, 140)
const OVERWRITE = 'schema: lines, strategy: overwrite, partition_by: day, partitions: ["{{ parameters.day }}"]'
const MEND = 'See the quarantine, mend the source or the schema'

let project: TestProject
let count = 0
beforeAll(async () => {
  project = await openProject()
}, 60_000)
afterAll(() => project.close())

const tenantWith = async (bytes: string | Uint8Array, setup: FileSetup): Promise<TestTenant> => {
  const tenant = await fileTenant(project, `files${count++}`, setup)
  tenant.upload('lines.csv', bytes)
  return tenant
}

const nothingLoaded = ({ id }: TestTenant): string =>
  `error: tenant ${id} has no table raw.lines: no run has loaded it yet\n`

interface Unusable extends FileSetup {
  readonly is: string
  readonly bytes: string | Uint8Array
  readonly reason: string
}

/** Nothing of the file can be used. */
const UNUSABLE: readonly Unusable[] = [
  { is: 'empty', bytes: '', reason: 'lines.csv: empty file; a header was expected' },
  { is: 'blank lines', bytes: '\n\r\n\n', reason: 'lines.csv: empty file; a header was expected' },
  {
    is: 'a header and nothing else',
    bytes: 'id,day,amount\n',
    reason:
      'files.lines gave no rows: the data has a header or a frame and nothing in it. Set allow_empty: true if that is right',
  },
  {
    is: 'UTF-16',
    bytes: Buffer.from(`\uFEFF${good(3)}`, 'utf16le'),
    reason: 'lines.csv: the file is UTF-16; save it as UTF-8',
  },
  {
    is: 'UTF-16, big end first',
    bytes: Buffer.from(`\uFEFF${good(3)}`, 'utf16le').swap16(),
    reason: 'lines.csv: the file is UTF-16; save it as UTF-8',
  },
  {
    is: 'UTF-16 without its mark',
    bytes: Buffer.from(good(3), 'utf16le'),
    reason: 'lines.csv: the header holds NUL bytes; is the file UTF-16? Save it as UTF-8',
  },
  {
    is: 'NUL bytes',
    bytes: Buffer.alloc(1_000),
    reason: 'lines.csv: the header holds NUL bytes; is the file UTF-16? Save it as UTF-8',
  },
  {
    is: 'Latin-1 in its header',
    bytes: Buffer.from(`id,day,amount,caf\xe9\n1,${DAY},1,x\n`, 'latin1'),
    reason: 'lines.csv: the header is not UTF-8; save the file as UTF-8',
  },
  {
    is: 'one column under two names that are the same',
    bytes: `id,day,amount,day\n1,${DAY},1,${DAY}\n`,
    reason: "lines.csv: columns 2 and 4 are both named 'day'; rename one",
  },
  {
    is: 'two columns that would get one name',
    bytes: `id,day,amount,Amount\n1,${DAY},1,2\n`,
    load: 'strategy: append',
    reason: 'columns "amount" and "Amount" would both be "amount": `rename` one of them',
  },
  {
    is: 'a column without a name',
    bytes: `id,day,,amount\n1,${DAY},1,2\n`,
    reason: "lines.csv: column 3 has an empty name in the header (after 'day'); name it",
  },
  {
    is: 'a header without a REQUIRED column',
    bytes: `day,amount\n${DAY},5\n`,
    reason:
      'lines.csv: the data has no column id, REQUIRED in schema lines. It has: day, amount. ' +
      'Mend the file, name the column with rename, or make it NULLABLE in the schema',
  },
  {
    is: 'a column that the schema lacks',
    bytes: `id,day,amount,note\n1,${DAY},5,hello\n`,
    reason:
      'lines.csv: the data has 1 column that schema lines lacks: note. ' +
      'Add them to the schema, or leave them out with exclude (or name those to load with columns)',
  },
  {
    is: 'delimited otherwise',
    bytes: good(3).replaceAll(',', ';'),
    reason:
      'lines.csv: the data has 1 column that schema lines lacks: id;day;amount. ' +
      'Are its fields delimited by ";"? Then set csv: { delimiter: ";" }',
  },
  {
    is: 'a quote that nobody closed',
    bytes: `id,day,amount\n1,${DAY},5\n2,${DAY},"6\n3,${DAY},7\n`,
    reason: 'lines.csv: the quote that opens in record 2 is never closed',
  },
  {
    is: 'a web page',
    bytes: '<!doctype html>\n<html><body>Sign in</body></html>\n',
    reason: 'lines.csv: the file is a web page (HTML) or XML, not CSV; was a sign-in or an error page saved?',
  },
  {
    is: 'an Excel workbook',
    bytes: Buffer.from('504b0304140006000800000021', 'hex'),
    reason: 'lines.csv: the file is a ZIP archive or an Excel workbook; unpack it, or save it as CSV',
  },
  {
    is: 'gzip that ends early',
    bytes: gzipSync(good(5_000)).subarray(0, 3_000),
    reason: 'lines.csv: the gzip data ends early; upload the file again',
  },
  {
    is: 'gzip that is garbled',
    bytes: garbled(gzipSync(good(5_000))),
    reason: 'lines.csv: the gzip data is corrupted; upload the file again',
  },
  {
    is: 'gzip of gzip',
    bytes: gzipSync(gzipSync(good(5))),
    reason: 'lines.csv: the file was compressed twice; compress it once',
  },
  {
    is: 'a gzip bomb',
    bytes: gzipSync(Buffer.alloc(70 << 20, 0x61)),
    reason:
      'lines.csv: the header is longer than 64 MiB; a quote that opens in it is probably never closed, or the file is no CSV',
  },
  {
    is: 'larger than the operator allows',
    bytes: good(100),
    operator: 'limits: { max_file: 1KB }',
    reason:
      "lines.csv has 1806 bytes, the operator's limit for one file is 1000 (limits.max_file in configs/_platform/tenants/TENANT.yml)",
  },
  {
    is: 'larger than the operator allows when it is inflated',
    bytes: gzipSync(good(1_000)),
    operator: 'limits: { max_file: 10KB }',
    reason: "lines.csv: more than 10000 bytes of content, the operator's limit for one file (limits.max_file)",
  },
  {
    is: 'not there',
    bytes: '',
    file: 'glob: "other/*.csv", format: csv',
    reason: "no object of bucket TENANT-uploads matches 'other/*.csv'; with `allow_empty: true` that is a result",
  },
  {
    is: 'not there, where that is a result, for a table that nobody has loaded',
    bytes: '',
    file: 'glob: "other/*.csv", format: csv, allow_empty: true',
    load: 'strategy: append, partition_by: day',
    reason:
      'files.lines gives nothing to read, and nobody has loaded raw.lines yet: what columns it has beside day is not known. ' +
      'Name a schema file in load.schema, or run it when there is something to read',
  },
  {
    is: 'JSON that was cut off',
    bytes: '[{"id":1},{"id":',
    file: 'glob: lines.csv, format: json',
    reason: 'lines.csv: the JSON text ends early, at byte 16: it was cut off',
  },
  {
    is: 'HTML where JSON was expected',
    bytes: '<html>',
    file: 'glob: lines.csv, format: json',
    reason: 'lines.csv: HTML or XML came instead of JSON: "<html>"',
  },
  {
    is: 'JSON with its records elsewhere',
    bytes: '{"items":[{"id":1}]}',
    file: 'glob: lines.csv, format: json, records: "data[*]"',
    reason: 'lines.csv: there is nothing at data (records: $.data[*])',
  },
  {
    is: 'rows of one key, to be merged without an order',
    bytes: `id,day,amount\n1,${DAY},1\n1,${DAY},2\n2,${DAY},2\n`,
    load: 'schema: lines, strategy: merge, keys: [id]',
    reason: '2 rows have the key (id = "1"): make the key unique, or say with order_by which of them is the last',
  },
]

describe('a file that is', () => {
  it.each(UNUSABLE)('$is fails the run, and nothing is loaded', async ({ bytes, reason, ...setup }) => {
    const tenant = await tenantWith(bytes, setup)
    expect(reasonOf(await tenant.run('lines'))).toBe(`step lines: ${reason.replace('TENANT', tenant.id)}`)
    expect(await tenant.query('SELECT * FROM raw.lines')).toBe(nothingLoaded(tenant))
  })
})

interface Bad extends FileSetup {
  readonly has: string
  readonly bytes: string | Uint8Array
  readonly reason: string
  /** Position, column, value and reason of every row in quarantine. */
  readonly rows: readonly (readonly [string, string | null, string | null, string])[]
}

/** Some rows cannot be used, and none may be missing. */
const BAD_ROWS: readonly Bad[] = [
  {
    has: 'ragged rows',
    bytes: `id,day,amount\n1,${DAY},1\n2,${DAY}\n3,${DAY},1,extra\n`,
    reason: `2 of 3 rows were rejected, max_rejected allows 0; nothing was loaded. The first: lines.csv, row 2: the record has 2 fields, 3 fields were expected. ${MEND}, or raise max_rejected`,
    rows: [
      ['2', null, null, 'the record has 2 fields, 3 fields were expected'],
      ['3', null, null, 'the record has 4 fields, 3 fields were expected'],
    ],
  },
  {
    has: 'a NUL byte',
    bytes: `id,day,amount\n1,${DAY},1\n2,${DAY},\u00001\n`,
    reason: `1 of 2 rows was rejected, max_rejected allows 0; nothing was loaded. The first: lines.csv, row 2: the record holds a NUL byte. ${MEND}, or raise max_rejected`,
    rows: [['2', null, null, 'the record holds a NUL byte']],
  },
  {
    has: 'Latin-1 in a row',
    bytes: Buffer.from(`id,day,amount\n1,${DAY},1\n2,${DAY},\xe9\n`, 'latin1'),
    reason: `1 of 2 rows was rejected, max_rejected allows 0; nothing was loaded. The first: lines.csv, row 2: the record is not UTF-8; save the file as UTF-8. ${MEND}, or raise max_rejected`,
    rows: [['2', null, null, 'the record is not UTF-8; save the file as UTF-8']],
  },
  {
    has: 'NULL in a REQUIRED column',
    bytes: `id,day,amount\n,${DAY},1\n2,${DAY},1\n`,
    reason: `1 of 2 rows was rejected, max_rejected allows 0; nothing was loaded. The first: lines.csv, row 1, column id: NULL in a REQUIRED column. ${MEND}, or raise max_rejected`,
    rows: [['1', 'id', null, 'NULL in a REQUIRED column']],
  },
  {
    has: 'one row of ten where 5 % may be rejected',
    bytes: `${good(9)}ten,${DAY},1\n`,
    load: 'schema: lines, strategy: append, max_rejected: 5%',
    reason: `1 of 10 rows was rejected, max_rejected allows 5%; nothing was loaded. The first: lines.csv, row 10, column id: 'ten' is not a whole number. ${MEND}, or raise max_rejected`,
    rows: [['10', 'id', 'ten', "'ten' is not a whole number"]],
  },
  {
    has: 'nothing but bad rows, and any may be rejected',
    bytes: 'id,day,amount\n1,2026-02-30,1\n',
    load: 'schema: lines, strategy: append, max_rejected: 100%',
    reason: `the only row was rejected; nothing was loaded. The first: lines.csv, row 1, column day: '2026-02-30' is not a date: YYYY-MM-DD, on the calendar, was expected. ${MEND}`,
    rows: [['1', 'day', '2026-02-30', "'2026-02-30' is not a date: YYYY-MM-DD, on the calendar, was expected"]],
  },
  {
    has: 'a row outside the partition that is overwritten',
    bytes: `id,day,amount\n1,${DAY},1\n2,2026-02-01,2\n`,
    load: OVERWRITE,
    reason: `1 of 2 rows was rejected, max_rejected allows 0; nothing was loaded. The first: lines.csv, row 2, column day: '2026-02-01' is not in the partitions that this step replaces. ${MEND}, or raise max_rejected`,
    rows: [['2', 'day', '2026-02-01', "'2026-02-01' is not in the partitions that this step replaces"]],
  },
  {
    has: 'a line that is no JSON',
    bytes: '{"id":1}\n{"id":\n',
    file: 'glob: lines.csv, format: ndjson',
    reason: `1 of 2 rows was rejected, max_rejected allows 0; nothing was loaded. The first: lines.csv, row 2: the line is no JSON object: the JSON text ends early, at byte 6: it was cut off. ${MEND}, or raise max_rejected`,
    rows: [['2', null, null, 'the line is no JSON object: the JSON text ends early, at byte 6: it was cut off']],
  },
]

const quarantined = async (tenant: TestTenant): Promise<unknown[][]> => {
  const rows = await tenant.query(
    'SELECT position, column, value, reason FROM quarantine.rejected_rows ORDER BY position',
  )
  return (rows as Record<string, unknown>[]).map((row) => Object.values(row))
}

describe('a file that has', () => {
  it.each(BAD_ROWS)('$has fails the run; the rows are in quarantine', async ({ bytes, reason, rows, ...setup }) => {
    const tenant = await tenantWith(bytes, setup)
    const run = await tenant.run('lines')
    expect(reasonOf(run)).toBe(`step lines: ${reason}`)
    expect(run.out).toContain('convergence query')
    expect(await quarantined(tenant)).toEqual(rows)
    expect(await tenant.query('SELECT * FROM raw.lines')).toBe(nothingLoaded(tenant))
  })

  it.each([
    ['bare', '9'.repeat(10_000_000)],
    ['quoted, with line breaks', `"${'x\n'.repeat(5_000_000)}"`],
  ])('a field of 10 MB that fits no column (%s): its row alone is rejected', async (_how, field) => {
    const tenant = await tenantWith(`id,day,amount\n1,${DAY},${field}\n2,${DAY},1\n`, {
      load: 'schema: lines, strategy: append, max_rejected: 1',
    })
    expect((await tenant.run('lines')).code).toBe(0)
    expect(await tenant.query('SELECT id FROM raw.lines')).toEqual([{ id: '2' }])
    expect(await tenant.query('SELECT position, LENGTH(value) AS size FROM quarantine.rejected_rows')).toEqual([
      { position: '1', size: '10000000' },
    ])
  })

  it('a mark, CRLF and no last line end is as good as any', async () => {
    const tenant = await tenantWith(`\uFEFFid,day,amount\r\n1,${DAY},1.5\r\n2,${DAY},2`, {})
    expect((await tenant.run('lines')).code).toBe(0)
    expect(await tenant.query('SELECT SUM(amount) AS amount FROM raw.lines')).toEqual([{ amount: '3.5' }])
  })
})

describe('a run that succeeds', () => {
  it('with fewer bad rows than are allowed warns, counts them and shows how to see them', async () => {
    const tenant = await tenantWith(`${good(9)}ten,${DAY},1\n`, {
      load: 'schema: lines, strategy: append, max_rejected: 10%',
    })
    const { code, out } = await tenant.run('lines')
    const [, runId = ''] = /Run (\S+) SUCCEEDED/.exec(out) ?? []
    expect(code).toBe(0)
    expect(out).toContain(
      `Warning: step lines: 1 of 10 rows was rejected, and is in ${tenant.id}_quarantine.rejected_rows (run ${runId})\n`,
    )
    expect(out).toContain(
      `query ${tenant.id} "SELECT origin, position, column, value, reason FROM quarantine.rejected_rows WHERE _run_id = '${runId}'"`,
    )
    expect(await quarantined(tenant)).toEqual([['10', 'id', 'ten', "'ten' is not a whole number"]])
    expect(await tenant.query('SELECT COUNT(*) AS n FROM raw.lines')).toEqual([{ n: '9' }])
  })

  it('without a column that the schema has warns that it is NULL', async () => {
    const tenant = await tenantWith('id,amount\n1,5\n', {})
    const { code, out } = await tenant.run('lines')
    expect(code).toBe(0)
    expect(out).toContain(
      'Warning: step lines: the data has no column day, which schema lines has: NULL in every row that was loaded\n',
    )
  })

  it('is left as it was by a later run that fails', async () => {
    const tenant = await tenantWith(good(3), { load: OVERWRITE })
    expect((await tenant.run('lines')).code).toBe(0)
    tenant.upload('lines.csv', `id,day,amount\n4,${DAY},x\n`)
    expect(reasonOf(await tenant.run('lines'))).toContain('the only row was rejected; nothing was loaded.')
    expect(await tenant.query('SELECT id FROM raw.lines ORDER BY id')).toEqual([{ id: '1' }, { id: '2' }, { id: '3' }])
  })
})
