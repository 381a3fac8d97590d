import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** A tool that stands in a folder of its own version, outside the checkout, once it is whole. */
export interface Tool {
  readonly name: string
  readonly version: string
  install(folder: string): Promise<void>
}

const CACHE = join(homedir(), '.cache/convergence-servers')
/** A release build on two cores that others use as well. */
const MAX_WAIT_MS = 20 * 60_000
const LOOK_MS = 500

/** The folder of the tool; it is installed first where it is not there. Several processes at once install it once. */
export const toolFolder = async (tool: Tool): Promise<string> => {
  const folder = join(CACHE, `${tool.name}-${tool.version}`)
  const whole = join(folder, '.whole')
  const lock = `${folder}.lock`
  await mkdir(CACHE, { recursive: true })
  for (let waited = 0; !existsSync(whole); waited += LOOK_MS) {
    if (waited > MAX_WAIT_MS) throw new Error(`${tool.name} is being installed by another process: remove ${lock}`)
    if (!(await takeLock(lock))) {
      await wait(LOOK_MS)
      continue
    }
    try {
      // What an interrupted install left.
      await rm(folder, { recursive: true, force: true })
      await mkdir(folder, { recursive: true })
      await tool.install(folder)
      await writeFile(whole, '')
    } finally {
      await rm(lock, { recursive: true, force: true })
    }
  }
  return folder
}

const takeLock = async (lock: string): Promise<boolean> => {
  try {
    await mkdir(lock)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
