import { appendFileSync, copyFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Prng } from '../simulation/prng.ts'

/** A file that was damaged, and what it was before. */
export interface Damage {
  /** As a message must name it. */
  readonly file: string
  restore(): void
}

/** Undefined: the file is not there, or has nothing to lose. */
export const damage = (folder: string, file: string, how: (path: string) => void): Damage | undefined => {
  const path = join(folder, file)
  if (!existsSync(path) || statSync(path).size === 0) return undefined
  const copies = COMPANIONS.map((end) => `${path}${end}`).filter(existsSync)
  for (const copy of copies) copyFileSync(copy, `${copy}.before`)
  how(path)
  return {
    file,
    restore: () => {
      for (const copy of copies) copyFileSync(`${copy}.before`, copy)
    },
  }
}

/** What an engine writes beside its file belongs to the copy. */
const COMPANIONS = ['', '-wal', '-shm', '.wal']

/** What was being written when the power went. */
export const tear = (random: Prng) => (path: string) =>
  appendFileSync(path, Buffer.from(random.hex(1 + random.below(6_000)), 'hex'))

export const cutBytes = (random: Prng, most: number) => (path: string) => {
  const { size } = statSync(path)
  truncateSync(path, Math.max(0, size - 1 - random.below(Math.min(most, size))))
}

/** Something of it is left. */
export const cutShare = (random: Prng) => (path: string) =>
  truncateSync(path, Math.ceil(statSync(path).size * (0.1 + 0.8 * random.next())))

export const empty = (path: string): void => truncateSync(path, 0)

/** In the middle of the first step. */
export const cutSteps = (random: Prng) => (path: string) => {
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.slice(0, text.indexOf('step_id') + random.below(60)))
}
