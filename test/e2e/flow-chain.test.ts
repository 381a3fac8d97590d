import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbedded } from '@convergence/cli/embedded.ts'
import { projectAt } from '@convergence/cli/project.ts'
import { linkName } from '@convergence/core/names.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { HOOK_MS, makeDoor, openApi, openFlow, tenantFiles, type Flow, type TenantFiles } from './flow.ts'

/** A source that only pages forward: one slot, a link every 400 pages, and no page of a finished link is asked for again. */
const PAGES = 830
const COMMAND = join(import.meta.dirname, '../../shared/cli/bin/convergence.mjs')
let flow: Flow
beforeAll(async () => void (flow = await openFlow()), HOOK_MS)
afterAll(() => flow.close(), HOOK_MS)

/** Page n holds the row n, and names the next. */
const page = (query: URLSearchParams) => {
  const at = Number(query.get('after') ?? 0)
  return { data: [{ id: at }], next: at + 1 < PAGES ? at + 1 : null }
}
const pagesOf = (requests: readonly URLSearchParams[]): number[] =>
  requests.map((query) => Number(query.get('after') ?? 0))
const inOrder = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)

const writePages = (files: TenantFiles): void => {
  files.schema('row', { id: 'INT64' })
  files.api({ items: 'pagination: { type: cursor, next: next, param: after }' })
  files.pipeline('load', [
    'step_id: items, type: ingest, source: api.items, load: { dataset: raw, table: items, schema: row, strategy: append }',
  ])
}
const SUMS = 'SELECT COUNT(*), COUNT(DISTINCT id), MIN(id), MAX(id) FROM raw.items'

it('reads a long list link by link; a link that is delivered again reads nothing again', async () => {
  const tenant = await flow.tenant('chain')
  writePages(tenant)
  const door = makeDoor()
  tenant.serve('items', (query) => (query.get('after') === '810' ? door.pass(page(query)) : page(query)))
  const runId = await tenant.start('load')
  await door.reached
  // The last link is under way: the first two come again, in the wrong order.
  const chunk = { version: 1, trace: 't', type: 'chunk', runId, stepId: 'items', chunk: 0 } as const
  for (const link of [1, 0]) await flow.ports.tasks.enqueue('chunks', { ...chunk, link }, { name: `again-${link}` })
  door.open()
  const run = await flow.ended(runId)
  expect(run).toMatchObject({
    status: 'SUCCEEDED',
    receipts: [{ balanced: true, rows: { fetched: PAGES, inserted: PAGES } }],
  })
  expect(pagesOf(tenant.requests('items'))).toEqual(inOrder(0, PAGES))
  expect(await tenant.query(SUMS)).toEqual([['830', '830', '0', '829']])
  const at = { tenant: tenant.id, runId, stepId: 'items' }
  const markers = await Promise.all(
    inOrder(0, 4).map((link) =>
      flow.ports.objects.head({ bucket: flow.embedded.settings.bucket, name: linkName(at, 0, link) }),
    ),
  )
  expect(markers.map(Boolean)).toEqual([true, true, true, false])
})

it('goes on after kill -9 where the last finished link ended', async () => {
  // The first page of the second link.
  const place = 400
  const root = mkdtempSync(join(tmpdir(), 'convergence-chain-'))
  const api = await openApi()
  try {
    writePages(tenantFiles({ root, id: 'acme', port: api.port }))
    const door = makeDoor()
    api.serve('acme/items', (query) =>
      Number(query.get('after') ?? 0) === place ? door.pass(page(query)) : page(query),
    )
    await command(root, ['tenant', 'create', 'acme']).ended
    const first = command(root, ['run', 'acme/load'])
    await Promise.race([door.reached, first.ended])
    first.child.kill('SIGKILL')
    await first.ended
    const before = api.requests('acme/items').length
    expect(before).toBe(place + 1)
    api.serve('acme/items', page)
    const second = await command(root, ['run', 'acme/load']).ended
    expect(second).toEqual({ code: 0, out: expect.any(String) })
    expect(pagesOf(api.requests('acme/items').slice(before))).toEqual(inOrder(place, PAGES))
    const embedded = await openEmbedded(projectAt(root), {})
    const { rows } = await embedded.platform.query({ tenant: 'acme', sql: SUMS, limit: 1 })
    await embedded.close()
    expect(rows).toEqual([['830', '830', '0', '829']])
  } finally {
    await api.close()
    rmSync(root, { recursive: true, force: true })
  }
})

const command = (root: string, args: readonly string[]) => {
  const child = spawn(process.execPath, [COMMAND, ...args, '--project', root], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (out += bytes.toString()))
  return {
    child,
    ended: new Promise<{ code: number | null; out: string }>((resolve) =>
      child.on('exit', (code) => resolve({ code, out })),
    ),
  }
}
