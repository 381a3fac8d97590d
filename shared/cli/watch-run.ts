import { UnavailableError } from '@convergence/core/errors.ts'
import { runEnded } from '@convergence/core/run/run.ts'
import type { CliContext } from './context.ts'
import { Exit, LEFT } from './failure.ts'
import type { Platform, RunLook } from './platform/platform.ts'
import { noteBaselines, type Baselines } from './render/baselines.ts'
import { renderProgress } from './render/progress.ts'
import { progressLines } from './render/progress-lines.ts'

const LOOK_EVERY_MS = 150

export interface WatchOptions {
  /** Nothing is told while the run goes on. */
  readonly quiet: boolean
  /** Said when somebody presses Ctrl-C for the first time; the second leaves. Undefined: Ctrl-C ends the process. */
  readonly onFirstStop?: string | undefined
}

/**
 * Shows how a run goes on, until it has ended. Leaving ends with exit code 130; the run is as it is. Throws UnavailableError when its work
 * was given up meanwhile: nobody carries it on now.
 */
export const watchRun = async (
  context: CliContext,
  platform: Platform,
  runId: string,
  options: WatchOptions,
): Promise<RunLook> => {
  const { io } = context
  const show = options.quiet ? () => {} : shower(context)
  const leaving = leaveRequest(context, options)
  const startedMs = Date.now()
  try {
    for (;;) {
      const look = await platform.lookAtRun({ runId })
      show(look)
      if (runEnded(look.run)) return look
      if (look.givenUp && Date.parse(look.givenUp.at) >= startedMs) throw givenUp(look)
      if ((await Promise.race([leaving.left, wait(LOOK_EVERY_MS)])) === 'left') throw new Exit(LEFT)
    }
  } finally {
    leaving.end()
    if (!options.quiet && io.isTerminal) io.live.clear()
  }
}

const givenUp = ({ run, givenUp: work }: RunLook): UnavailableError =>
  new UnavailableError(
    `run ${run.run_id} is not carried on: ${work?.reason}. It stays ${run.status}: mend that, then the same command goes on with it`,
  )

const shower = ({ io, style, print }: CliContext): ((look: RunLook) => void) => {
  const lines = progressLines()
  let baselines: Baselines = new Map()
  return (look) => {
    const nowMs = Date.now()
    baselines = noteBaselines(baselines, look, nowMs)
    if (io.isTerminal) io.live.draw(renderProgress({ look, nowMs, baselines, width: io.columns(), style }))
    else for (const line of lines(look, nowMs)) print(line)
  }
}

const leaveRequest = ({ io }: CliContext, { onFirstStop }: WatchOptions): { left: Promise<'left'>; end(): void } => {
  if (onFirstStop === undefined) return { left: new Promise(() => {}), end: () => {} }
  let leave: (value: 'left') => void = () => {}
  const left = new Promise<'left'>((resolve) => (leave = resolve))
  let asked = false
  const end = io.onStop((signal) => {
    if (asked || signal === 'SIGTERM') return leave('left')
    asked = true
    if (io.isTerminal) io.live.done()
    io.writeError(`\n${onFirstStop}\n`)
  })
  return { left, end }
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
