import { flushCompileCache } from 'node:module'
import { PlatformError } from '@convergence/core/errors.ts'
import type { Job, JobAnswer } from './job.ts'
import { watchMemory } from './peak-memory.ts'
import { runJob } from './run-job.ts'

/** The child process in which polars runs: it may die of an input, and takes nothing along but the job that it has. */
process.on('message', (job: Job) => {
  void answer(job).then((message) => process.send?.(message, () => flushCompileCache()))
})
// An ordinary exit may wait for ever (nodejs/node#54918).
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

const answer = async (job: Job): Promise<JobAnswer> => {
  const memory = watchMemory()
  try {
    const result = await runJob(job)
    return { outcome: 'done', result, peakBytes: memory.stop() }
  } catch (error) {
    memory.stop()
    const known = error instanceof PlatformError
    const message = error instanceof Error ? error.message : String(error)
    return { outcome: 'failed', code: known ? error.code : 'INTERNAL', message, details: known ? error.details : {} }
  }
}
