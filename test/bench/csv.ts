/**
 * A lineitem-like CSV file to typed zstd Parquet parts: our split and processor beside DuckDB's COPY of the same file to the same types,
 * in turns in the same run. Medians; the memory is the highest sum of anonymous memory over a contestant's process tree.
 *
 *   node test/bench/csv.ts [--mb 256] [--runs 3] [--json]
 */
import { fork, type ChildProcess } from 'node:child_process'
import { createReadStream, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Field } from '@convergence/core/table.ts'
import { lineitemColumns, writeLineitem } from './csv-lineitem.ts'

const TYPES = {
  'NUMERIC(15,2)': { type: 'NUMERIC', precision: 15, scale: 2 },
  NUMERIC: { type: 'NUMERIC' },
} as const satisfies Record<string, Pick<Field, 'type' | 'precision' | 'scale'>>
type TypeName = keyof typeof TYPES
const CONTESTANTS = ['convergence', 'duckdb'] as const
type Contestant = (typeof CONTESTANTS)[number]

interface Task {
  readonly contestant: Contestant
  readonly type: TypeName
  readonly path: string
  readonly directory: string
}

interface Figure {
  readonly seconds: number
  readonly rows: number
  readonly peakMiB: number
}

const SELF = fileURLToPath(import.meta.url)
const WATCH_MS = 20

const convergence = async ({ type, path, directory }: Task): Promise<number> => {
  const { PolarsProcessor } = await import('@convergence/pipeline/process/polars-processor.ts')
  const { splitCsv } = await import('@convergence/pipeline/connectors/object-storage/split-csv.ts')
  const { csvDialect } = await import('@convergence/pipeline/process/csv/dialect.ts')
  const processor = new PolarsProcessor({ directory })
  const columns = lineitemColumns(TYPES[type]).map((field) => ({ field, source: field.name }))
  const dialect = csvDialect({ delimiter: ',', quote: '"' })
  const slices = splitCsv(createReadStream(path, { highWaterMark: 1 << 20 }), {
    origin: 'lineitem',
    dialect,
    header: true,
    sliceBytes: 64 << 20,
  })[Symbol.asyncIterator]()
  let rows = 0
  const lane = async (): Promise<void> => {
    for (let next = await slices.next(); !next.done; next = await slices.next()) {
      const { start, end, firstRow, columns: names } = next.value
      const format = {
        format: 'csv',
        delimiter: ',',
        quote: '"',
        header: false,
        columns: names,
        nullValues: [''],
      } as const
      const body = createReadStream(path, { start, end: end - 1, highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>
      const result = await processor.process({
        input: { format, body, origin: 'lineitem', firstRow },
        columns,
        ignored: [],
        constants: [],
        rejectConstants: [],
      })
      rows += result.counts.accepted
      await result.release()
    }
  }
  await Promise.all([lane(), lane()])
  await processor.close()
  return rows
}

const duckdbType = (field: Field): string => {
  if (field.type === 'NUMERIC') return `DECIMAL(${field.precision ?? 38},${field.scale ?? 9})`
  return { INT64: 'BIGINT', DATE: 'DATE' }[field.type as string] ?? 'VARCHAR'
}

const duckdb = async ({ type, path, directory }: Task): Promise<number> => {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const columns = lineitemColumns(TYPES[type]).map((field) => `'${field.name}': '${duckdbType(field)}'`)
  const copied = await connection.run(
    `COPY (SELECT * FROM read_csv('${path}', header = true, delim = ',', columns = {${columns.join(', ')}})) TO '${join(directory, 'duckdb.parquet')}' (FORMAT parquet, COMPRESSION zstd)`,
  )
  return copied.rowsChanged
}

/** Anonymous memory of a process and all below it, KiB. */
const treeKiB = (root: number): number => {
  const children = new Map<number, number[]>()
  const own = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8')
      const parent = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1])
      children.set(parent, [...(children.get(parent) ?? []), Number(name)])
      own.set(Number(name), Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0))
    } catch {
      // It ended while we looked.
    }
  }
  const sum = (pid: number): number =>
    (own.get(pid) ?? 0) + (children.get(pid) ?? []).reduce((total, child) => total + sum(child), 0)
  return sum(root)
}

const measure = (task: Task): Promise<Figure> =>
  new Promise((resolve, reject) => {
    const child: ChildProcess = fork(SELF, ['--task', JSON.stringify(task)], { execArgv: [] })
    let peak = 0
    const watch = setInterval(() => {
      if (child.pid !== undefined) peak = Math.max(peak, treeKiB(child.pid))
    }, WATCH_MS)
    let answer: { seconds: number; rows: number } | undefined
    child.on('message', (message) => {
      answer = message as { seconds: number; rows: number }
    })
    child.on('exit', (code) => {
      clearInterval(watch)
      if (answer) resolve({ ...answer, peakMiB: Math.round(peak / 1024) })
      else reject(new Error(`${task.contestant} ended with code ${code}`))
    })
  })

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number

const bench = async (mb: number, runs: number, json: boolean): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), 'convergence-bench-'))
  try {
    const path = join(directory, 'lineitem.csv')
    const rows = await writeLineitem(path, mb * 1e6)
    const bytes = (await stat(path)).size
    const results = []
    for (const type of Object.keys(TYPES) as TypeName[]) {
      const figures: Record<Contestant, Figure[]> = { convergence: [], duckdb: [] }
      for (let run = 0; run < runs; run++) {
        for (const contestant of CONTESTANTS) {
          const figure = await measure({ contestant, type, path, directory })
          if (figure.rows !== rows) throw new Error(`${contestant} wrote ${figure.rows} of ${rows} rows`)
          figures[contestant].push(figure)
        }
      }
      const line = (contestant: Contestant) => {
        const seconds = median(figures[contestant].map((figure) => figure.seconds))
        return {
          seconds: Number(seconds.toFixed(2)),
          mbPerSecond: Math.round(bytes / 1e6 / seconds),
          peakMiB: Math.max(...figures[contestant].map((figure) => figure.peakMiB)),
        }
      }
      const [ours, theirs] = [line('convergence'), line('duckdb')]
      results.push({
        type,
        convergence: ours,
        duckdb: theirs,
        speed: Number((theirs.seconds / ours.seconds).toFixed(2)),
      })
    }
    if (json) console.log(JSON.stringify({ bytes, rows, runs, results }))
    else {
      console.log(`${(bytes / 1e6).toFixed(0)} MB, ${rows} rows, median of ${runs}`)
      for (const { type, convergence: ours, duckdb: theirs, speed } of results)
        console.log(
          `${type.padEnd(14)} convergence ${ours.seconds} s (${ours.mbPerSecond} MB/s, ${ours.peakMiB} MiB)   DuckDB ${theirs.seconds} s (${theirs.mbPerSecond} MB/s, ${theirs.peakMiB} MiB)   ${speed} of its speed`,
        )
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const { values } = parseArgs({
  options: {
    mb: { type: 'string', default: '256' },
    runs: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    task: { type: 'string' },
  },
})
if (values.task === undefined) await bench(Number(values.mb), Number(values.runs), values.json)
else {
  const task = JSON.parse(values.task) as Task
  const start = performance.now()
  const rows = await (task.contestant === 'duckdb' ? duckdb : convergence)(task)
  process.send?.({ seconds: (performance.now() - start) / 1000, rows }, () => process.exit(0))
}
