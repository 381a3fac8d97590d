import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from './cache.ts'
import { writeLineitem, type AmountType } from './csv-lineitem.ts'
import { requireSame, sourceFingerprint, type Fingerprint } from './fingerprint.ts'
import { measure, type Figure } from './measure.ts'
import { TABLE, warehouseOf, writeFileProject } from './project.ts'
import { atLeast, atMost, lineOf, type Line, type Result } from './report.ts'
import type { BenchOptions } from './run.ts'

const NUMERIC_15_2: AmountType = { type: 'NUMERIC', precision: 15, scale: 2 }
/** DECIMAL(38, 9): DuckDB takes nine times as long for it, so that one round of it is enough. */
const NUMERIC: AmountType = { type: 'NUMERIC' }

const MIN_SPEED = 0.8
const MAX_MEMORY_MIB = 768

interface Source {
  readonly csv: string
  readonly bytes: number
  readonly fingerprint: Fingerprint
}

/** A lineitem-like CSV file to typed zstd Parquet parts beside DuckDB's COPY, and to a loaded table beside its INSERT, in turns. */
export const benchCsv = async ({ sizeMb, rounds, say }: BenchOptions): Promise<Result[]> => {
  const { folder, about } = await cached(`lineitem-${sizeMb}mb`, async (made) => {
    say(`writing ${sizeMb} MB of CSV ...`)
    await writeLineitem(join(made, 'lineitem.csv'), sizeMb * 1_000_000)
    return sourceFingerprint(join(made, 'lineitem.csv'))
  })
  const csv = join(folder, 'lineitem.csv')
  const source = { csv, bytes: statSync(csv).size, fingerprint: about }
  const size = `${(source.bytes / 1e6).toFixed(0)} MB, ${about.rows} rows`
  const parts = await inTurns(rounds, say, [
    ['convergence', () => partsOnce('csv-parts', source, NUMERIC_15_2)],
    ['DuckDB COPY', () => partsOnce('duckdb-copy', source, NUMERIC_15_2)],
  ])
  const wide = await inTurns(1, say, [
    ['convergence, NUMERIC', () => partsOnce('csv-parts', source, NUMERIC)],
    ['DuckDB COPY, NUMERIC', () => partsOnce('duckdb-copy', source, NUMERIC)],
  ])
  const runs = await inTurns(rounds, say, [
    ['convergence run', () => runOnce(source)],
    ['DuckDB INSERT', () => insertOnce(source)],
  ])
  const lines = (all: Record<string, Figure[]>): Line[] =>
    Object.entries(all).map(([name, figures]) => lineOf(name, figures, source.bytes))
  const [ours, theirs] = lines(parts)
  return [
    {
      title: `csv to typed Parquet parts (${size}, amounts NUMERIC(15,2))`,
      lines: lines(parts),
      targets: [
        atLeast("share of DuckDB's speed", (theirs?.seconds ?? 0) / (ours?.seconds ?? 1), MIN_SPEED),
        atMost('anonymous memory', ours?.peakMiB ?? 0, MAX_MEMORY_MIB, ' MiB'),
      ],
    },
    { title: `csv to typed Parquet parts (${size}, amounts NUMERIC), one round`, lines: lines(wide), targets: [] },
    { title: `csv to a loaded table, the whole run (${size})`, lines: lines(runs), targets: [] },
  ]
}

/** Each contestant once, then each again: what disturbs the machine disturbs all of them. */
export const inTurns = async (
  rounds: number,
  say: (text: string) => void,
  contestants: readonly (readonly [string, () => Promise<Figure>])[],
): Promise<Record<string, Figure[]>> => {
  const figures: Record<string, Figure[]> = Object.fromEntries(contestants.map(([name]) => [name, []]))
  for (let round = 1; round <= rounds; round++)
    for (const [name, once] of contestants) {
      const figure = await once()
      figures[name]?.push(figure)
      say(
        `${name} ${round}/${rounds}: ${figure.seconds.toFixed(2)} s, CPU ${figure.cpuSeconds.toFixed(1)} s, ${figure.peakMiB} MiB`,
      )
    }
  return figures
}

/** A folder beside the source, on the same disk: an upload is moved there, not copied. */
export const withFolder = async <T>(beside: string, work: (folder: string) => Promise<T>): Promise<T> => {
  const parent = join(beside, '..', '..', 'work')
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, 'round-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const partsOnce = (contestant: 'csv-parts' | 'duckdb-copy', source: Source, amounts: AmountType): Promise<Figure> =>
  withFolder(source.csv, async (folder) => {
    const { figure } = await measure(contestant, { csv: source.csv, folder, amounts })
    const relation = `read_parquet('${join(folder, 'part-*.parquet')}')`
    await requireSame(contestant, source.fingerprint, { relation, amounts })
    return figure
  })

const runOnce = (source: Source): Promise<Figure> =>
  withFolder(source.csv, async (root) => {
    writeFileProject(root, NUMERIC_15_2, source.csv)
    const { figure } = await measure('csv-run', { root })
    await requireSame('csv-run', source.fingerprint, {
      relation: TABLE,
      database: warehouseOf(root),
      amounts: NUMERIC_15_2,
    })
    return figure
  })

const insertOnce = (source: Source): Promise<Figure> =>
  withFolder(source.csv, async (folder) => {
    const database = join(folder, 'peer.duckdb')
    const { figure } = await measure('duckdb-insert', { database, csv: source.csv, amounts: NUMERIC_15_2 })
    await requireSame('duckdb-insert', source.fingerprint, {
      relation: 'bench.main.lineitem',
      database,
      amounts: NUMERIC_15_2,
    })
    return figure
  })
