import { createLogUpdate } from 'log-update'
import type { CliIo } from './io.ts'
import { leave } from './leave.ts'

const FALLBACK_COLUMNS = 100

/** This process's own streams and signals. */
export const processIo = (): CliIo => {
  const { stdout, stderr, env } = process
  const isTerminal = stdout.isTTY === true
  const log = createLogUpdate(stdout)
  // Who pipes into `head` has seen enough.
  stdout.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? void leave(0) : undefined))
  return {
    cwd: process.cwd(),
    env,
    isTerminal,
    colors: isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    columns: () => stdout.columns ?? FALLBACK_COLUMNS,
    write: (text) => void stdout.write(text),
    writeError: (text) => void stderr.write(text),
    live: { draw: (text) => log(text), done: () => log.done(), clear: () => log.clear() },
    onStop: (listener) => {
      const signals = ['SIGINT', 'SIGTERM'] as const
      const listeners = signals.map((signal) => ({ signal, call: () => listener(signal) }))
      for (const { signal, call } of listeners) process.on(signal, call)
      return () => {
        for (const { signal, call } of listeners) process.off(signal, call)
      }
    },
  }
}
