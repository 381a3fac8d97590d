import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface StartedChild {
  readonly child: ChildProcess
  /** What it has printed. */
  readonly lines: string[]
  /** Resolves when it has printed so many lines; rejects when it ends before. */
  printed(count: number): Promise<void>
  /** SIGKILL; resolves when it is gone and all its lines are there. */
  kill(): Promise<void>
}

/** Runs a module in a process of its own. */
export const startChild = (module: URL, args: readonly string[]): StartedChild => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(module), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const reader = createInterface({ input: child.stdout })
  const lines: string[] = []
  reader.on('line', (line) => lines.push(line))
  const ended = once(reader, 'close')
  return {
    child,
    lines,
    printed: (count) =>
      new Promise((resolve, reject) => {
        const check = () => lines.length >= count && resolve()
        reader.on('line', check)
        reader.on('close', () => reject(new Error(`${module.pathname} ended early`)))
        check()
      }),
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
