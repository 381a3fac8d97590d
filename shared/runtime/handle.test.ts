import { expect, it } from 'vitest'
import { DataRejectedError, InternalError, UnavailableError } from '@convergence/core/errors.ts'
import { MESSAGE, task } from '@convergence/core/messages.ts'
import type { Log, LogFields } from '@convergence/core/ports/log.ts'
import { handle } from './handle.ts'

const recorder = () => {
  const lines: LogFields[] = []
  const logWith = (above: LogFields): Log => {
    const write = (level: string) => (message: string, fields?: LogFields) =>
      void lines.push({ level, message, ...above, ...fields })
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      with: (fields) => logWith({ ...above, ...fields }),
    }
  }
  return { lines, log: logWith({}) }
}

const payload = { ...MESSAGE, trace: 't', type: 'run', runId: 'r', check: 'stop', tick: 0 }
const delivery = { attempt: 2, trace: 't1' }

const handleWith = (run: (runId: string, log: Log) => Promise<void>) => {
  const { lines, log } = recorder()
  return {
    lines,
    handler: handle({ name: 'orchestrator', schema: task, log, run: (work, _, own) => run(work.runId, own) }),
  }
}

it('a payload that is known reaches the handler, with a log that knows the delivery', async () => {
  const { lines, handler } = handleWith(async (runId, log) => log.info(runId))
  expect(await handler(payload, delivery)).toEqual({ outcome: 'done' })
  expect(lines).toEqual([{ level: 'info', message: 'r', function: 'orchestrator', trace: 't1', attempt: 2 }])
})

it('a payload that is not known is rejected, and recorded', async () => {
  const { lines, handler } = handleWith(async () => {})
  expect(await handler({ ...payload, extra: 1 }, delivery)).toMatchObject({
    outcome: 'rejected',
    error: { code: 'INVALID_INPUT' },
  })
  expect(lines).toMatchObject([{ level: 'error', message: 'orchestrator rejected a delivery' }])
})

it('a terminal error is recorded and acknowledged', async () => {
  const error = new DataRejectedError('bad')
  const { lines, handler } = handleWith(() => Promise.reject(error))
  expect(await handler(payload, delivery)).toEqual({ outcome: 'rejected', error })
  expect(lines).toMatchObject([{ level: 'error', error }])
})

it('an error that may pass is thrown, so that the delivery comes again; an unknown one too', async () => {
  const away = new UnavailableError('away', { retryAfterMs: 5_000 })
  await expect(handleWith(() => Promise.reject(away)).handler(payload, delivery)).rejects.toBe(away)
  await expect(
    handleWith(() => Promise.reject(new TypeError('defect'))).handler(payload, delivery),
  ).rejects.toBeInstanceOf(InternalError)
})
