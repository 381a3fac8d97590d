import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** A disk that can be made full for a while. */
export interface Quota {
  /** What stands for the full disk here. */
  readonly how: string
  /** Leaves `freeBytes`, for the project's owner that runs now or is started with `starter`; false: it could not be done. */
  fill(freeBytes: number): boolean
  /** What a command must be started by to find the disk full. */
  starter(): readonly string[]
  lift(): void
  /** The folder is no longer used. */
  release(): void
}

const run = (command: string, ...args: readonly (string | number)[]): boolean =>
  spawnSync(command, args.map(String), { stdio: 'ignore' }).status === 0

const ROOMY = '1g'

/** A tmpfs where one may be mounted (root), else a limit on the size of each file (RLIMIT_FSIZE) of the process that runs. */
export const openQuota = (folder: string): Quota => {
  mkdirSync(folder, { recursive: true })
  return run('mount', '-t', 'tmpfs', '-o', `size=${ROOMY},mode=700`, 'convergence-chaos', folder)
    ? tmpfs(folder)
    : fileLimit(folder)
}

const tmpfs = (folder: string): Quota => {
  const remount = (size: string | number): boolean => run('mount', '-o', `remount,size=${size}`, folder)
  return {
    how: 'a tmpfs, made as small as what is in it',
    fill: (freeBytes) => {
      const { blocks, bfree, bsize } = statfsSync(folder)
      return remount((blocks - bfree) * bsize + freeBytes)
    },
    starter: () => [],
    lift: () => void remount(ROOMY),
    release: () => void run('umount', '-l', folder),
  }
}

const fileLimit = (folder: string): Quota => {
  let starter: readonly string[] = []
  const limit = (bytes: number | 'unlimited'): boolean => {
    const pid = ownerOf(folder)
    return pid !== undefined && run('prlimit', '--pid', pid, `--fsize=${bytes}:`)
  }
  return {
    how: 'RLIMIT_FSIZE: no file of the process may grow',
    fill: (freeBytes) => {
      const bytes = Math.min(...FILES.map((file) => sizeOf(join(folder, file)))) + freeBytes
      // Who starts writes a new log of the state first.
      if (!limit(bytes)) starter = ['prlimit', `--fsize=${freeBytes % PAGE_BYTES}:`]
      return true
    },
    starter: () => starter,
    lift: () => {
      starter = []
      limit('unlimited')
    },
    release: () => {},
  }
}

/** SQLite's. */
const PAGE_BYTES = 4_096

const FILES = ['.convergence/state.db-wal', '.convergence/warehouse.duckdb']

const sizeOf = (path: string): number => {
  try {
    return statSync(path).size
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** The process that works in the folder now. */
const ownerOf = (folder: string): number | undefined => {
  try {
    return (JSON.parse(readFileSync(join(folder, '.convergence/owner.json'), 'utf8')) as { pid: number }).pid
  } catch {
    return undefined
  }
}
