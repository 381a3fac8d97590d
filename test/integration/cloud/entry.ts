// The functions on Google Cloud's ports, but with a warehouse that takes no job: what is shown with it ends before the publish.
import { apiFunction } from '@convergence/api/api-function.ts'
import { InvalidInputError } from '@convergence/core/errors.ts'
import type { Warehouse } from '@convergence/core/ports/warehouse.ts'
import { onDqCommand, onDqTask } from '@convergence/dq/handler.ts'
import { gcpPorts } from '@convergence/gcp/ports.ts'
import { onIngestCommand, onIngestTask, PolarsProcessor } from '@convergence/ingest/handler.ts'
import { beginSweep, onRunEvent, onRunTask } from '@convergence/orchestrator/handler.ts'
import type { PortParts } from '@convergence/runtime/functions/host.ts'
import { workFunction } from '@convergence/runtime/functions/work-function.ts'
import { onTransformCommand, onTransformTask } from '@convergence/transform/handler.ts'
import { onUpload } from '@convergence/uploads/handler.ts'
import { http } from '@google-cloud/functions-framework'
import { PROJECT } from './cloud.ts'

const refuse = (): Promise<never> => Promise.reject(new InvalidInputError('this warehouse takes no job'))

const warehouse: Warehouse = {
  capabilities: {
    dialect: 'bigquery',
    pollMs: 200,
    project: PROJECT,
    location: 'US',
    maxPartsPerJob: 10_000,
    maxPartitionsPerJob: 4_000,
  },
  submit: (_ref, job) => (job.kind === 'seal' ? Promise.resolve({ outcome: 'submitted' }) : refuse()),
  poll: () => Promise.resolve(undefined),
  rows: refuse,
  dryRun: refuse,
  describe: () => Promise.resolve(undefined),
  prepare: () => Promise.resolve(),
  record: () => Promise.resolve(),
}

const openPorts = (parts: PortParts) => gcpPorts(parts, () => Promise.resolve(warehouse))

/** One a process, as deployed: which one the framework was started for. */
const functions: Readonly<Record<string, () => Parameters<typeof http>[1]>> = {
  api: () => apiFunction({ name: 'api', openPorts }),
  orchestrator: () =>
    workFunction({
      name: 'orchestrator',
      openPorts,
      topics: { 'run-events': onRunEvent },
      queues: { runs: onRunTask },
      onTick: beginSweep,
      takesDeadLetters: true,
    }),
  ingest: () =>
    workFunction({
      name: 'ingest',
      openPorts,
      openProcessor: ({ polarsProcesses }) => Promise.resolve(new PolarsProcessor({ children: polarsProcesses })),
      topics: { ingest: onIngestCommand },
      queues: { chunks: onIngestTask, 'ingest-jobs': onIngestTask },
    }),
  dq: () => workFunction({ name: 'dq', openPorts, topics: { dq: onDqCommand }, queues: { 'dq-jobs': onDqTask } }),
  transform: () =>
    workFunction({
      name: 'transform',
      openPorts,
      topics: { transform: onTransformCommand },
      queues: { 'transform-jobs': onTransformTask },
    }),
  uploads: () => workFunction({ name: 'uploads', openPorts, onUpload }),
}
const target = process.argv.find((one) => one.startsWith('--target='))?.slice('--target='.length) ?? ''
const make = functions[target]
if (make) http(target, make())
