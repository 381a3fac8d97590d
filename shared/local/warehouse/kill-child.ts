import { join } from 'node:path'
import type { PublishJob } from '@convergence/core/ports/warehouse.ts'
import { DuckDbWarehouse } from '../warehouse.ts'

/** The process that the kill test kills: publishes one prepared job after another, and tells what it has submitted and seen done. */
const [folder = '', jobsJson = '[]'] = process.argv.slice(2)
const jobs = JSON.parse(jobsJson) as { readonly jobId: string; readonly job: PublishJob }[]

const warehouse = await DuckDbWarehouse.open({
  path: join(folder, 'warehouse.duckdb'),
  objectFolder: folder,
  tempDirectory: join(folder, 'spill'),
  localPath: ({ name }) => join(folder, name),
  clock: { nowMs: () => Date.now() },
  memoryLimit: '300MB',
})

for (const { jobId, job } of jobs) {
  const ref = { tenant: 'acme', project: 'local', location: 'local', jobId }
  const { outcome } = await warehouse.submit(ref, job)
  process.stdout.write(`${outcome} ${jobId}\n`)
  while ((await warehouse.poll(ref))?.state === 'running') await new Promise((resolve) => setImmediate(resolve))
  process.stdout.write(`ended ${jobId}\n`)
}
await warehouse.close()
