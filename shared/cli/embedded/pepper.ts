import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Random } from '@convergence/core/ports/random.ts'

/** The pepper that the project's keys are hashed with: made once, kept in a file that only its owner reads. */
export const keepPepper = (path: string, random: Random): string => {
  if (existsSync(path)) return readFileSync(path, 'utf8').trim()
  mkdirSync(dirname(path), { recursive: true })
  const pepper = random.hex(32)
  writeFileSync(path, `${pepper}\n`, { mode: 0o600, flag: 'wx' })
  chmodSync(path, 0o600)
  return pepper
}
