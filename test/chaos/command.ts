import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { TimeOut, within } from './within.ts'

const COMMAND = join(import.meta.dirname, '../../shared/cli/bin/convergence.mjs')

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
}

/** A started `convergence` command: the process that a user starts, and the one that it hands over to. */
export interface Command {
  readonly startedMs: number
  /** What it has printed so far, errors too. */
  out(): string
  /** It and whatever it started has ended. */
  readonly ended: Promise<Ended>
  isOver(): boolean
  /** Resolves with true once it has printed that, with false when it ended before. */
  printed(text: string, limitMs: number): Promise<boolean>
  /** SIGKILL: to the process that the user sees, or to it and all its children at once. */
  kill(whom: 'command' | 'group'): Promise<Ended>
  /** SIGTERM. */
  stop(limitMs: number): Promise<Ended>
}

/** Process groups that are alive: none may outlive this process. */
const groups = new Set<number>()
process.on('exit', () => groups.forEach((group) => killGroup(group)))

const killGroup = (group: number): void => {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // Nobody is left in it.
  }
}

/** A command that does not end so long after it was killed, or its children, is a defect. */
const DEAD_WITHIN_MS = 10_000

export const startCommand = (
  root: string,
  args: readonly string[],
  lanes: number,
  starter: readonly string[] = [],
): Command => {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CONVERGENCE_')))
  const [program, ...rest] = [...starter, process.execPath, COMMAND, ...args, '--project', root]
  const child = spawn(program!, rest, {
    env: {
      ...env,
      CONVERGENCE_LANES: String(lanes),
      CONVERGENCE_LOG_LEVEL: 'debug',
      CONVERGENCE_POLARS_PROCESSES: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const group = child.pid!
  groups.add(group)
  let out = ''
  let over = false
  const listeners = new Set<() => void>()
  const hear = (bytes: Buffer): void => {
    out += bytes.toString()
    for (const listener of listeners) listener()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  // Closed when the last of those who inherited the pipes has ended.
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      over = true
      killGroup(group)
      groups.delete(group)
      resolve({ code, signal, out })
    })
  })
  const what = `convergence ${args.join(' ')}`
  const dies = async (limitMs: number): Promise<Ended> => {
    try {
      return await within(limitMs, `${what} to end`, ended)
    } catch (error) {
      if (error instanceof TimeOut) killGroup(group)
      throw error
    }
  }
  return {
    startedMs: Date.now(),
    out: () => out,
    ended,
    isOver: () => over,
    printed: (text, limitMs) => {
      const seen = new Promise<boolean>((resolve) => {
        const look = () => {
          if (out.includes(text)) resolve(true)
        }
        listeners.add(look)
        look()
        void ended.then(() => resolve(out.includes(text)))
      })
      return within(limitMs, `${what} to print ${JSON.stringify(text)}; it printed ${JSON.stringify(out)}`, seen)
    },
    kill: (whom) => {
      if (whom === 'group') killGroup(group)
      else child.kill('SIGKILL')
      return dies(DEAD_WITHIN_MS)
    },
    stop: (limitMs) => {
      child.kill('SIGTERM')
      return dies(limitMs)
    },
  }
}

/** Runs a command to its end. */
export const runCommand = async (
  root: string,
  args: readonly string[],
  { lanes = 4, limitMs }: { lanes?: number; limitMs: number },
): Promise<Ended> => {
  const command = startCommand(root, args, lanes)
  try {
    return await within(limitMs, `convergence ${args.join(' ')} to end`, command.ended)
  } finally {
    if (!command.isOver()) await command.kill('group')
  }
}
