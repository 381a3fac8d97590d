import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached } from './cache.ts'
import { inTurns, withFolder } from './csv.ts'
import type { AmountType } from './csv-lineitem.ts'
import { requireSame, type Fingerprint } from './fingerprint.ts'
import { measure, type Figure } from './measure.ts'
import { TABLE, warehouseOf, writeProject } from './project.ts'
import { atMost, lineOf, type Result } from './report.ts'
import { PAGES, RECORDS, writePages } from './rest-pages.ts'
import type { BenchOptions } from './run.ts'

const AMOUNTS: AmountType = { type: 'NUMERIC', precision: 15, scale: 2 }
const MAX_SECONDS = 6

/** Pages by cursor over loopback to a loaded table, the whole run, beside DuckDB's read_json over the pages that lie on the disk. */
export const benchRest = async ({ rounds, say }: BenchOptions): Promise<Result[]> => {
  const { folder, about } = await cached('rest-pages', (made) => {
    say(`writing ${PAGES} pages ...`)
    return writePages(made)
  })
  const server = await startServer(folder)
  try {
    const all = await inTurns(rounds, say, [
      ['convergence run', () => runOnce(folder, about.fingerprint, server.port)],
      ['DuckDB read_json', () => peerOnce(folder, about.fingerprint)],
    ])
    const lines = Object.entries(all).map(([name, figures]) => lineOf(name, figures, about.bytes))
    return [
      {
        title: `rest: ${PAGES} pages by cursor to a loaded table, the whole run (${(about.bytes / 1e6).toFixed(0)} MB, ${RECORDS} rows)`,
        lines,
        targets: [atMost('whole run', lines[0]?.seconds ?? Number.NaN, MAX_SECONDS, ' s')],
      },
    ]
  } finally {
    server.child.disconnect()
  }
}

const startServer = async (folder: string): Promise<{ child: ChildProcess; port: number }> => {
  const child = fork(fileURLToPath(new URL('rest-server.ts', import.meta.url)), [folder], { execArgv: [] })
  const [port] = (await once(child, 'message')) as [number]
  return { child, port }
}

const runOnce = (folder: string, source: Fingerprint, port: number): Promise<Figure> =>
  withFolder(join(folder, 'pages'), async (root) => {
    writeProject(root, AMOUNTS, {
      operator: { hosts: [`127.0.0.1:${port}`], limits: { max_requests_per_minute: 1_000_000 } },
      source: {
        type: 'rest_api',
        base_url: `http://127.0.0.1:${port}/v1`,
        resources: {
          lineitem: {
            path: '/lineitem',
            records: 'data[*]',
            pagination: { type: 'cursor', next: 'next', param: 'after', total: 'total' },
          },
        },
      },
    })
    const { figure } = await measure('rest-run', { root })
    await requireSame('rest-run', source, { relation: TABLE, database: warehouseOf(root), amounts: AMOUNTS })
    return figure
  })

const peerOnce = (folder: string, source: Fingerprint): Promise<Figure> =>
  withFolder(join(folder, 'pages'), async (made) => {
    const database = join(made, 'peer.duckdb')
    const { figure } = await measure('duckdb-json', { database, pages: join(folder, 'page-*.json'), amounts: AMOUNTS })
    await requireSame('duckdb-json', source, { relation: 'bench.main.lineitem', database, amounts: AMOUNTS })
    return figure
  })
