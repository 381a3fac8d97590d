/** Runs something once, later; returns what cancels it. A test has its own. */
export type Timer = (delayMs: number, run: () => void) => () => void

/** `setTimeout` takes no longer ones. */
const LONGEST_MS = 2 ** 31 - 1

export const systemTimer: Timer = (delayMs, run) => {
  const timeout = setTimeout(run, Math.min(delayMs, LONGEST_MS))
  return () => clearTimeout(timeout)
}
