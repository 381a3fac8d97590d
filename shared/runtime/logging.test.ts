import { existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { expect, it } from 'vitest'
import { DataRejectedError } from '@convergence/core/errors.ts'
import type { Log } from '@convergence/core/ports/log.ts'
import { openLogFile } from './logging/log-file.ts'
import { createLogging } from './logging.ts'

const linesOf = async (
  write: (log: Log) => void,
  level: 'debug' | 'info' = 'info',
): Promise<Record<string, unknown>[]> => {
  const stream = new PassThrough()
  const logging = createLogging({ level, stream, nowMs: () => Date.UTC(2026, 0, 31, 12) })
  write(logging.log)
  await logging.close()
  return String(stream.read() ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

it('a line has severity, time, message and the fields of its log', async () => {
  const lines = await linesOf((log) => {
    const run = log.with({ tenant: 'acme', pipeline: 'cost' }).with({ run: 'r1', trace: 't1' })
    run.info('step started', { step: 'usage' })
    run.warn('slow')
    log.error('broken')
    log.debug('not shown')
  })
  expect(lines).toEqual([
    {
      severity: 'INFO',
      time: '2026-01-31T12:00:00.000Z',
      message: 'step started',
      tenant: 'acme',
      pipeline: 'cost',
      run: 'r1',
      trace: 't1',
      step: 'usage',
    },
    {
      severity: 'WARNING',
      time: '2026-01-31T12:00:00.000Z',
      message: 'slow',
      tenant: 'acme',
      pipeline: 'cost',
      run: 'r1',
      trace: 't1',
    },
    { severity: 'ERROR', time: '2026-01-31T12:00:00.000Z', message: 'broken' },
  ])
})

it('an error is written with its code, its details and all its causes', async () => {
  const cause = new Error('socket', { cause: new TypeError('root') })
  const [line] = await linesOf((log) =>
    log.error('failed', { error: new DataRejectedError('bad page', { cause, details: { page: 3 } }) }),
  )
  expect(line).toMatchObject({
    error: {
      name: 'DataRejectedError',
      code: 'DATA_REJECTED',
      message: 'bad page',
      retryable: false,
      details: { page: 3 },
      stack: expect.stringContaining('logging.test.ts'),
      cause: { name: 'Error', message: 'socket', cause: { name: 'TypeError', message: 'root' } },
    },
  })
})

it('values under the names of secrets are left out, counts of tokens are not', async () => {
  const secret = {
    Authorization: 'x',
    'X-Api-Key': 'x',
    apiKey: 'x',
    adminKey: 'x',
    access_token: 'x',
    clientSecret: 'x',
    secrets: { a: 'x' },
    'set-cookie': 'x',
    password: 'x',
  }
  const [line] = await linesOf((log) =>
    log.info('sent', { deep: [{ headers: secret }], input_tokens: 5, key: 'id', note: 'with Bearer abc.def' }),
  )
  const headers = (line?.['deep'] as { headers: Record<string, unknown> }[] | undefined)?.[0]?.headers ?? {}
  expect(Object.keys(headers)).toEqual(Object.keys(secret))
  expect(new Set(Object.values(headers))).toEqual(new Set(['[redacted]']))
  expect(line).toMatchObject({ input_tokens: 5, key: 'id', note: 'with Bearer [redacted]' })
})

it('values that JSON cannot hold, cycles and large ones do no harm', async () => {
  const cycle: Record<string, unknown> = {
    big: 10n ** 20n,
    bytes: new Uint8Array(5),
    map: new Map([['a', 1]]),
    at: new Date(0),
    long: 'x'.repeat(20_000),
  }
  cycle['self'] = cycle
  const [line] = await linesOf((log) => log.info('odd', { cycle, message: 'a field', severity: 'a field' }))
  expect(line?.['cycle']).toMatchObject({
    big: '100000000000000000000',
    bytes: '[5 bytes]',
    map: { a: 1 },
    at: '1970-01-01T00:00:00.000Z',
    self: '[circular]',
  })
  expect((line?.['cycle'] as { long: string } | undefined)?.long).toHaveLength(10_001)
  expect(line).toMatchObject({ message: 'odd', severity: 'INFO' })
})

it('a file is appended to, and nobody else may read it', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'convergence-log-')), 'log.ndjson')
  for (const message of ['first', 'second']) {
    const logging = createLogging({ level: 'debug', file })
    logging.log.debug(message)
    await logging.close()
  }
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['first', 'second'])
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

it.skipIf(!existsSync('/dev/full'))('a disk that is full loses lines, says so once, and ends nothing', async () => {
  const told: string[] = []
  const file = openLogFile('/dev/full', (message) => told.push(message))
  for (const line of ['one\n', 'two\n']) await new Promise((resolve) => file.write(line, resolve))
  await finished(file.end())
  expect(told).toEqual([expect.stringMatching(/^log lines are lost: \/dev\/full cannot be written \(ENOSPC/)])
})

it('a log file that cannot be opened is named, with the setting', () => {
  const open = () => createLogging({ level: 'info', file: '/nowhere/at/all.log' })
  expect(open).toThrow('the log file /nowhere/at/all.log cannot be opened')
  expect(open).toThrow('CONVERGENCE_LOG_FILE')
})
