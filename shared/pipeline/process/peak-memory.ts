import { readFileSync } from 'node:fs'

const EVERY_MS = 50

/** Anonymous memory of this process, bytes; 0 where the system does not say. */
const anonymousBytes = (): number => {
  try {
    const kib = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    return Number(kib ?? 0) * 1024
  } catch {
    return 0
  }
}

/** Watches until `stop`, which gives the highest. */
export const watchMemory = (): { stop(): number } => {
  let peak = anonymousBytes()
  const look = (): void => {
    peak = Math.max(peak, anonymousBytes())
  }
  const timer = setInterval(look, EVERY_MS)
  return {
    stop: () => {
      clearInterval(timer)
      look()
      return peak
    },
  }
}
