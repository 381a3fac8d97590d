import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openEmbedded, type Embedded } from '@convergence/cli/embedded.ts'
import { projectAt } from '@convergence/cli/project.ts'
import type { Platform, RunLook } from '@convergence/cli/platform/platform.ts'
import { activeKey, cursorKey, runKey } from '@convergence/core/names.ts'
import type { Ports } from '@convergence/core/ports/index.ts'
import { cursorDocument, type CursorDocument } from '@convergence/core/cursor.ts'
import { runDocument, runEnded, type Run } from '@convergence/core/run/run.ts'

/** A row as a source sends it. */
export type Json = Readonly<Record<string, unknown>>
/** What a path of the API answers: records, or the whole body where it pages. */
export type Answer = (query: URLSearchParams) => unknown
type RunView = RunLook['run']

/**
 * The whole embedded platform over a temporary project, and an HTTP API beside it. Opened once a file; each test has a tenant of its own.
 * The ports' clock goes on from a day that was set, so that windows and partitions are known days.
 */
export interface Flow {
  readonly root: string
  readonly embedded: Embedded
  readonly platform: Platform
  readonly ports: Ports
  /** Puts methods of the test's own before a port's, to see or to hold what goes through it; the answer takes them away again. */
  override<K extends keyof Ports>(port: K, methods: (real: Ports[K]) => Partial<Ports[K]>): () => void
  /** The clock goes on from there. */
  setClock(instant: string): void
  /** Answers `GET /{path}`; a number of a status fails the request. */
  serve(path: string, answer: Answer): void
  /** Queries of the requests that a path was sent, in their order. */
  requests(path: string): URLSearchParams[]
  tenant(id: string): Promise<FlowTenant>
  /** The run's document, once the state is reached. */
  until(runId: string, reached: (run: Run) => boolean): Promise<Run>
  ended(runId: string): Promise<RunView>
  /** Once the run has ended and all that comes after its end is done: its last metadata rows are there. */
  settled(runId: string): Promise<RunView>
  close(): Promise<void>
}

/** The files of a tenant of some project, whose source `api` is on a port of this machine. */
export interface TenantFiles {
  /** Writes below `configs/{tenant}/`. */
  write(path: string, text: string): void
  /** Writes `sql/{tenant}/{name}.sql`; a step names it `{dataset}/{name}`. */
  sql(name: string, text: string): void
  schema(id: string, columns: Readonly<Record<string, string>>): void
  /** A source `api` with these resources, as they stand in YAML; its paths are below `/{tenant}`. */
  api(resources: Readonly<Record<string, string>>): void
  pipeline(id: string, steps: readonly string[], head?: string): void
  rules(id: string, expectations: readonly string[], table?: string): void
}

export interface FlowTenant extends TenantFiles {
  readonly id: string
  /** Answers the tenant's path; see `Flow.serve`. */
  serve(path: string, answer: Answer): void
  requests(path: string): URLSearchParams[]
  /** Begins a run of its own. */
  start(pipelineId: string, parameters?: Json): Promise<string>
  /** Begins one and waits for its end. */
  run(pipelineId: string, parameters?: Json): Promise<RunView>
  query(sql: string): Promise<readonly (readonly unknown[])[]>
  /** Rows as `a|b` texts; a table that no run made has none. */
  rows(sql: string): Promise<string[]>
  cursor(pipelineId: string, stepId: string): Promise<CursorDocument | undefined>
}

/** Time for opening and closing on a busy machine. */
export const HOOK_MS = 60_000

const SPEED = 'retry: { max_attempts: 2, backoff: 10ms }'

export const openFlow = async (): Promise<Flow> => {
  const root = mkdtempSync(join(tmpdir(), 'convergence-flow-'))
  mkdirSync(join(root, 'configs'))
  const api = await openApi()
  const embedded = await openEmbedded(projectAt(root), {
    CONVERGENCE_CLAIM_LEASE: '1s',
    CONVERGENCE_POLARS_PROCESSES: '1',
  })
  // The handlers take the ports from here at every delivery.
  const ports = embedded.ports as { -readonly [K in keyof Ports]: Ports[K] }
  // Jobs of a few rows are done at once: nobody need wait long before looking.
  const { capabilities } = ports.warehouse
  ports.warehouse = overlaid(ports.warehouse, { capabilities: { ...capabilities, pollMs: 5 } })
  let shiftMs = 0
  ports.clock = { nowMs: () => Date.now() + shiftMs }
  await embedded.work()
  const until: Flow['until'] = (runId, reached) =>
    eventually(async () => {
      const run = await readRun(ports, runId)
      return run && reached(run) ? run : undefined
    })
  const flow: Flow = {
    root,
    embedded,
    platform: embedded.platform,
    ports,
    override: (port, methods) => {
      const real = ports[port]
      ports[port] = overlaid(real, methods(real))
      return () => void (ports[port] = real)
    },
    setClock: (instant) => void (shiftMs = Date.parse(instant) - Date.now()),
    serve: api.serve,
    requests: api.requests,
    tenant: (id) => makeTenant(flow, id, api.port),
    until,
    ended: async (runId) => {
      await until(runId, runEnded)
      return (await embedded.platform.lookAtRun({ runId })).run
    },
    settled: async (runId) => {
      const { tenant } = await until(runId, runEnded)
      await eventually(async () => ((await ports.state.get(activeKey(tenant, runId))) ? undefined : true))
      return flow.ended(runId)
    },
    close: async () => {
      await embedded.close()
      await api.close()
      rmSync(root, { recursive: true, force: true })
    },
  }
  return flow
}

const overlaid = <T extends object>(real: T, methods: Partial<T>): T =>
  new Proxy(real, {
    get: (_target, name) => {
      const own = Reflect.get(methods, name) as unknown
      const value = own ?? (Reflect.get(real, name, real) as unknown)
      return own === undefined && typeof value === 'function' ? (value.bind(real) as unknown) : value
    },
  })

const readRun = async (ports: Ports, runId: string): Promise<Run | undefined> => {
  const entry = await ports.state.get(runKey(runId))
  return entry && runDocument.parse(entry.value)
}

/** Looks until there is something. */
export const eventually = async <T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> => {
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** A door that is closed until it is opened, and says who has come to it. */
export const makeDoor = () => {
  let open: () => void = () => {}
  let come: () => void = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  const reached = new Promise<void>((resolve) => (come = resolve))
  return {
    open: () => open(),
    /** Somebody stands before it. */
    reached,
    pass: async <T>(value: T): Promise<T> => {
      come()
      await opened
      return value
    },
  }
}

/** `GET /{path}` on a port of this machine. */
export const openApi = async () => {
  const answers = new Map<string, Answer>()
  const seen: { path: string; query: URLSearchParams }[] = []
  const answer = async (url: URL, response: ServerResponse): Promise<void> => {
    const path = url.pathname.slice(1)
    seen.push({ path, query: url.searchParams })
    const body = await answers.get(path)?.(url.searchParams)
    if (typeof body === 'number') response.writeHead(body)
    response.end(typeof body === 'number' ? 'no' : JSON.stringify(Array.isArray(body) ? { data: body } : body))
  }
  const server = createServer((request, response) => void answer(new URL(request.url ?? '', 'http://api'), response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    serve: (path: string, answer: Answer) => void answers.set(path, answer),
    requests: (path: string) => seen.filter((one) => one.path === path).map(({ query }) => query),
    close: () => {
      server.closeAllConnections()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

export const tenantFiles = ({ root, id, port }: { root: string; id: string; port: number }): TenantFiles => {
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  write(
    `configs/_platform/tenants/${id}.yml`,
    `hosts: ["127.0.0.1:${port}"]\nlimits: { max_concurrent_runs: 20 }\nbuckets: [{ bucket: ${id}-drops }]\n`,
  )
  write(`configs/${id}/tenant.yml`, 'timezone: UTC\n')
  return {
    write: (path, text) => write(`configs/${id}/${path}`, text),
    sql: (name, text) => write(`sql/${id}/${name}.sql`, `${text}\n`),
    schema: (name, columns) =>
      write(
        `configs/${id}/schemas/${name}.json`,
        JSON.stringify(Object.entries(columns).map(([column, type]) => ({ name: column, type }))),
      ),
    api: (resources) =>
      write(
        `configs/${id}/sources/api.yml`,
        `source_id: api
type: rest_api
base_url: http://127.0.0.1:${port}/${id}
retry: { max_attempts: 1 }
resources:
${Object.entries(resources)
  .map(([name, text]) => `  ${name}: { path: /${name}, records: 'data[*]', ${text} }\n`)
  .join('')}`,
      ),
    pipeline: (name, steps, head = '') =>
      write(
        `configs/${id}/pipelines/${name}.yml`,
        `pipeline_id: ${name}\n${head}\nsteps:\n${steps.map((step) => `  - { ${step}, ${SPEED} }\n`).join('')}`,
      ),
    rules: (name, expectations, table) =>
      write(
        `configs/${id}/dq_rules/${name}.yml`,
        `rules_id: ${name}\n${table === undefined ? '' : `table: ${table}\n`}expectations:\n${expectations.map((one) => `  - { ${one} }\n`).join('')}`,
      ),
  }
}

const makeTenant = async (flow: Flow, id: string, port: number): Promise<FlowTenant> => {
  const files = tenantFiles({ root: flow.root, id, port })
  await flow.platform.createTenant({ tenant: id })
  let asked = 0
  const query = async (sql: string) => (await flow.platform.query({ tenant: id, sql, limit: 1_000 })).rows
  const start = async (pipelineId: string, parameters: Json = {}): Promise<string> => {
    const idempotencyKey = `run-${asked++}`
    return (await flow.platform.requestRun({ tenant: id, pipelineId, parameters, idempotencyKey })).runId
  }
  return {
    ...files,
    id,
    serve: (path, answer) => flow.serve(`${id}/${path}`, answer),
    requests: (path) => flow.requests(`${id}/${path}`),
    start,
    run: async (pipelineId, parameters) => flow.ended(await start(pipelineId, parameters)),
    query,
    rows: async (sql) => {
      try {
        return (await query(sql)).map((row) => row.map(String).join('|'))
      } catch (error) {
        if ((error as { code?: string }).code === 'NOT_FOUND') return []
        throw error
      }
    },
    cursor: async (pipelineId, stepId) => {
      const entry = await flow.ports.state.get(cursorKey(id, pipelineId, stepId))
      return entry && cursorDocument.parse(entry.value)
    },
  }
}
