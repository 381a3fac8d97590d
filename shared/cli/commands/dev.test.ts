import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runCli } from '../run-cli.ts'
import { temporaryProject, type TemporaryProject } from '../testing/temporary-project.ts'
import { testIo, type TestIo } from '../testing/test-io.ts'

let project: TemporaryProject
let dev: TestIo
let ended: Promise<number>

beforeAll(async () => {
  project = temporaryProject()
  await project.cli('init')
  write('configs/example/pipelines/dropped.yml', DROPPED)
  write('configs/example/sources/drops.yml', DROPS)
  dev = testIo({ cwd: project.folder })
  ended = runCli(['dev', '--port', '0'], dev)
  await vi.waitUntil(() => dev.out().includes('Convergence is at'), WAIT)
})

afterAll(async () => {
  dev.signal('SIGTERM')
  await ended
  project.remove()
})

const WAIT = { timeout: 20_000, interval: 50 }

const DROPPED = `pipeline_id: dropped
on_upload: { bucket: example-uploads, glob: "drops/*.csv" }
steps:
  - { step_id: rows, type: ingest, source: drops.one, load: { dataset: raw_shop, table: drops, strategy: append } }
`
const DROPS = `source_id: drops
type: object_storage
bucket: example-uploads
files: { one: { glob: "{{ parameters.object }}", format: csv } }
`

const write = (path: string, text: string): void => {
  const file = join(project.folder, path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, text)
}

const runsOf = async (pipelineId: string): Promise<{ status: string }[]> => {
  const { out } = await project.cli('runs', 'example', '--pipeline', pipelineId, '--json')
  return (JSON.parse(out) as { runs: { status: string }[] }).runs
}

test('a file that is dropped into a bucket’s folder starts its pipeline', async () => {
  write('.convergence/buckets/example-uploads/drops/a.csv', 'id,name\n1,one\n2,two\n')
  await vi.waitFor(async () => expect(await runsOf('dropped')).toMatchObject([{ status: 'SUCCEEDED' }]), WAIT)
  const { out } = await project.cli('query', 'example', 'SELECT COUNT(*) AS n FROM raw_shop.drops', '--json')
  expect(JSON.parse(out)).toMatchObject({ rows: [{ n: '2' }] })
})

test('beside it a run is watched by another command', async () => {
  const told = await project.cli('run', 'example/orders', '--param', 'day=2026-01-31')
  expect(told).toMatchObject({ exitCode: 0, err: '' })
  expect(told.out).toContain('Tables written')
})

test.each([
  ['SELECT 1 FROM other.things', 'tenant example has no table other.things'],
  ['DELETE FROM raw_shop.orders', 'only one SELECT is allowed'],
  ['SELECT * FROM project.raw_shop.orders', 'SQL 1:15: project.raw_shop.orders'],
  ["SELECT * FROM raw_shop.orders WHERE FORMATT('x') = 1", 'SQL 1:37: function FORMATT'],
])('the query %s is refused with its reason', async (sql, reason) => {
  const told = await project.cli('query', 'example', sql)
  expect(told).toMatchObject({ exitCode: 1, out: '' })
  expect(told.err).toContain(reason)
})

test('a key that was made beside it opens the API, and no other does', async () => {
  const key = (await project.cli('key', 'create', 'example')).out.trim()
  const url = /Convergence is at (\S+)/.exec(dev.out())?.[1]
  const ask = (apiKey: string) => fetch(`${url}/api/v1/pipelines/runs`, { headers: { 'x-api-key': apiKey } })
  expect((await ask(key)).status).toBe(200)
  expect((await ask(`${key}0`)).status).toBe(401)
})

test('what another process of the project cannot do is refused with who is at work', async () => {
  const told = await project.cli('dev')
  expect(told.exitCode).toBe(1)
  expect(told.err).toContain(`process ${process.pid} (convergence dev)`)
})

test('an error beside it is the same as without it', async () => {
  expect((await project.cli('run', 'example/nope')).err).toContain('tenant example has no pipeline nope')
  expect((await project.cli('cancel', 'nope')).err).toContain('there is no run nope')
})

test('it stops when it is asked to, and lets go of the project', async () => {
  dev.signal('SIGINT')
  expect(await ended).toBe(0)
  expect(dev.err()).toBe('')
  expect(await project.cli('runs', 'example')).toMatchObject({ exitCode: 0 })
})
