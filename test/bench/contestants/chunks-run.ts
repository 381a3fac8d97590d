import { createWorkers } from '@convergence/cli/embedded/workers.ts'
import { embeddedPlatform } from '@convergence/cli/platform/embedded-platform.ts'
import type { Http } from '@convergence/core/ports/http.ts'
import type { Log } from '@convergence/core/ports/log.ts'
import type { Processor } from '@convergence/core/ports/processor.ts'
import { localPorts } from '@convergence/local/ports.ts'
import { parseSettings } from '@convergence/runtime/settings.ts'
import { countCalls, type Counted } from '../count-calls.ts'
import { finish, TENANT, writeProject } from '../project.ts'

export interface ChunksOutput {
  /** Calls of the stores' ports from the request of the run to its end, by name. */
  readonly operations: Readonly<Record<string, number>>
  readonly total: number
  /** Of objects. */
  readonly bytesRead: number
}

const FIRST_MS = Date.UTC(2000, 0, 1)
const HOUR_MS = 3_600_000
const instant = (hours: number): string => new Date(FIRST_MS + hours * HOUR_MS).toISOString()

/** A run of so many windows of an API that has nothing in any of them: only API and processor are stand-ins. */
export default async ({ root, chunks }: { root: string; chunks: number }): Promise<ChunksOutput> => {
  writeProject(
    root,
    { type: 'NUMERIC' },
    {
      operator: { hosts: ['127.0.0.1:1'], limits: { max_requests_per_minute: 100_000_000 } },
      source: {
        type: 'rest_api',
        base_url: 'http://127.0.0.1:1',
        limits: { concurrency: 100 },
        resources: {
          lineitem: { path: '/', records: 'data[*]', windows: { from: instant(0), to: instant(chunks), size: '1h' } },
        },
      },
    },
  )
  const settings = parseSettings({})
  const local = await localPorts({ root, log: SILENT, http: EMPTY_API, processor: NO_ROWS, bucket: settings.bucket })
  const counted = countCalls(local.ports)
  await local.ports.warehouse.prepare()
  const platform = embeddedPlatform({ ports: local.ports, pepper: 'p'.repeat(16), bucket: settings.bucket })
  await platform.createTenant({ tenant: TENANT })
  const workers = createWorkers({ ...local, ports: counted.ports }, settings)
  await workers.start(false)
  await finish(platform)
  await workers.stop()
  await local.close()
  return summed(counted)
}

const summed = ({ calls, bytesRead }: Counted): ChunksOutput => {
  const operations = Object.fromEntries([...calls].toSorted(([a], [b]) => a.localeCompare(b)))
  return { operations, total: Object.values(operations).reduce((sum, count) => sum + count, 0), bytesRead: bytesRead() }
}

const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => SILENT }

const EMPTY_API: Http = {
  request: async ({ url }) => ({ status: 200, headers: {}, url, body: bytesOf('{"data":[]}') }),
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

const NO_ROWS: Processor = {
  process: async ({ input }) => {
    for await (const _ of input.body);
    return {
      parts: [],
      rejects: [],
      counts: { fetched: 0, accepted: 0, rejected: 0, filtered: 0 },
      unknownColumns: [],
      samples: [],
      peakBytes: 0,
      release: async () => {},
    }
  },
  sample: async () => ({ columns: [], rows: [] }),
  close: async () => {},
}
