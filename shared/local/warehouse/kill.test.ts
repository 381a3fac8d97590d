import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { field, jobRef, WarehouseFixture } from './testing.ts'

const SCHEMA = [field('id', 'INT64'), field('text', 'STRING')]
const JOBS = 8
const ROWS = 20_000

let fixture: WarehouseFixture
beforeEach(() => {
  fixture = new WarehouseFixture()
})
afterEach(() => fixture.close())

const makeJobs = () =>
  Promise.all(
    Array.from({ length: JOBS }, async (_, index) => {
      const jobId = `job-${index}`
      const part = await fixture.part(
        `SELECT range AS id, md5(CAST(range AS VARCHAR)) AS text, DATE '2026-01-31' AS ingestion_date, '${jobId}' AS _run_id, 'c' AS _chunk_id, TIMESTAMPTZ '2026-01-31 00:00:00+00' AS _ingested_at FROM range(${index * ROWS}, ${(index + 1) * ROWS})`,
      )
      const strategy =
        index % 2 === 0 ? ({ type: 'append' } as const) : ({ type: 'merge', keys: ['id'], orderBy: ['text'] } as const)
      return { jobId, job: fixture.publishJob(SCHEMA, [part], strategy) }
    }),
  )

/** Runs the child until it has written `lines` lines, then kills it; what it said to have ended. */
const killAfter = async (lines: number, jobs: readonly unknown[]): Promise<string[]> => {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('./kill-child.ts', import.meta.url)), fixture.folder, JSON.stringify(jobs)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const closed = once(child, 'close')
  const said: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line)
    if (said.length === lines) child.kill('SIGKILL')
  }
  await closed
  return said.filter((line) => line.startsWith('ended')).map((line) => line.replace('ended ', ''))
}

test('after a kill at any moment each job has happened whole, or is gone without a trace', async () => {
  const jobs = await makeJobs()
  const acknowledged = new Set<string>()
  for (const lines of [1, 5, 7, 12, 2 * JOBS + 1]) {
    for (const jobId of await killAfter(lines, jobs)) acknowledged.add(jobId)
    const warehouse = await fixture.open()
    const info = await warehouse.describe(jobs[0]!.job.target)
    const counted = info
      ? await fixture.query('SELECT _run_id, count(*), count(DISTINCT id) FROM {{t}} GROUP BY 1')
      : []
    const loaded = new Map(counted.map(([runId, ...counts]) => [runId, counts]))
    for (const { jobId } of jobs) {
      const status = await warehouse.poll(jobRef(jobId))
      if (acknowledged.has(jobId)) expect(status).toMatchObject({ state: 'done' })
      expect([jobId, loaded.get(jobId)]).toEqual([jobId, status ? [String(ROWS), String(ROWS)] : undefined])
    }
    await fixture.shut()
  }
  expect(acknowledged.size).toBe(JOBS)
})
