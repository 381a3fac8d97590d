import type { CliIo } from '../io.ts'

export interface TestIo extends CliIo {
  readonly out: () => string
  readonly err: () => string
  /** Delivers a signal to whoever listens. */
  signal(name: 'SIGINT' | 'SIGTERM'): void
}

/** Output as text; a terminal's drawings are kept beside it. */
export const testIo = (
  options: Partial<Pick<CliIo, 'cwd' | 'env' | 'isTerminal' | 'colors'>> & { columns?: number } = {},
): TestIo => {
  let out = ''
  let err = ''
  const listeners = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>()
  return {
    cwd: options.cwd ?? '/',
    env: options.env ?? {},
    isTerminal: options.isTerminal ?? false,
    colors: options.colors ?? false,
    columns: () => options.columns ?? 100,
    write: (text) => void (out += text),
    writeError: (text) => void (err += text),
    live: { draw: () => {}, done: () => {}, clear: () => {} },
    onStop: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    out: () => out,
    err: () => err,
    signal: (name) => {
      for (const listener of listeners) listener(name)
    },
  }
}
