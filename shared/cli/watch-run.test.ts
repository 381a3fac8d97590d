import { expect, test } from 'vitest'
import { cliContext } from './context.ts'
import type { Platform, RunLook } from './platform/platform.ts'
import { look } from './testing/look.ts'
import { testIo } from './testing/test-io.ts'
import { watchRun } from './watch-run.ts'

/** A platform of one run, which is looked at again and again; the last look stays. */
const watched = (...looks: RunLook[]): Pick<Platform, 'lookAtRun'> => ({
  lookAtRun: async () => (looks.length > 1 ? looks.shift()! : looks[0]!),
})

const watch = (...looks: RunLook[]): Promise<RunLook> =>
  watchRun(cliContext(testIo()), watched(...looks) as Platform, 'costs-1', { quiet: true })

const stopping = look([], { status: 'STOPPING', ended_at: null })
const since = (atMs: number): RunLook => ({
  ...stopping,
  givenUp: { reason: 'the disk is full (given up after 10 attempts)', at: new Date(atMs).toISOString() },
})

test('whoever watches a run whose work is given up is told why, and what to do, and does not wait for ever', async () => {
  await expect(watch(stopping, since(Date.now() + 60_000))).rejects.toThrow(
    'run costs-1 is not carried on: the disk is full (given up after 10 attempts). It stays STOPPING: mend that, then the same command goes on with it',
  )
})

test('what was given up before is no reason to leave: it was asked for again', async () => {
  const ended = look([])
  expect(await watch(since(Date.now() - 60_000), ended)).toBe(ended)
})
