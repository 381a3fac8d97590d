import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'

interface Line {
  readonly message: string
  readonly run?: string
  readonly step?: string
  readonly chunk?: number
  readonly link?: number
  readonly to?: string
  readonly error?: string
  readonly reason?: string
}

type Work = 'begun' | 'failed' | 'done'

interface Repeated {
  readonly key: string
  /** The process that was killed. */
  readonly of: number
}

/** What the log of one process said. */
export interface Told {
  /** Chunks that were begun. */
  readonly begun: number
  /** Chunks (or links of them) that an earlier process had begun and was killed before it had done them. */
  readonly repeated: readonly Repeated[]
  /** Its number, from 1. */
  readonly process: number
  /** What must not be. */
  readonly violations: readonly string[]
  readonly text: string
}

const TERMINAL = new Set(['SUCCEEDED', 'FAILED', 'CANCELLED'])

/**
 * Follows a project's log from process to process: which pieces of work were begun and not done when a process was killed, and so were
 * done again by a later one.
 */
export class WorkLog {
  readonly #path: string
  #offset = 0
  readonly #works = new Map<string, { process: number; work: Work }>()
  readonly #ends = new Map<string, string>()
  #process = 0

  constructor(root: string) {
    this.#path = join(root, '.convergence/logs/convergence.log')
  }

  /** What was written since the last call: to be called after each process has ended. */
  read(): Told {
    this.#process++
    const text = this.#more()
    const told = { process: this.#process, begun: 0, repeated: [] as Repeated[], violations: [] as string[], text }
    for (const line of linesOf(text)) this.#follow(line, told)
    return told
  }

  #follow(line: Line, told: { begun: number; repeated: Repeated[]; violations: string[] }): void {
    const { message, run = '', step = '', chunk = 0, link = 0, to = '' } = line
    const key = `${run} ${step} chunk ${chunk}`
    switch (message) {
      case 'chunk begun': {
        const before = this.#works.get(`${key}.${link}`)
        told.begun++
        if (before?.work === 'begun' && before.process < this.#process)
          told.repeated.push({ key: `${key}.${link}`, of: before.process })
        if (this.#works.get(key)?.work === 'done') told.violations.push(`${key} was done, and was begun again`)
        this.#works.set(`${key}.${link}`, { process: this.#process, work: 'begun' })
        break
      }
      case 'chunk failed':
        this.#works.set(`${key}.${link}`, { process: this.#process, work: 'failed' })
        break
      case 'chunk done':
        this.#works.set(key, { process: this.#process, work: 'done' })
        break
      case 'run changed':
        if (!TERMINAL.has(to)) break
        if (this.#ends.has(run)) told.violations.push(`run ${run} ended twice: ${this.#ends.get(run)}, then ${to}`)
        this.#ends.set(run, to)
        break
    }
  }

  #more(): string {
    if (!existsSync(this.#path)) return ''
    const bytes = Buffer.alloc(statSync(this.#path).size - this.#offset)
    const file = openSync(this.#path, 'r')
    try {
      readSync(file, bytes, 0, bytes.length, this.#offset)
    } finally {
      closeSync(file)
    }
    this.#offset += bytes.length
    return bytes.toString('utf8')
  }
}

/** The last line of a process that was killed may be cut, and then the next one's first goes on in it. */
const linesOf = (text: string): Line[] =>
  text.split('\n').flatMap((line) => {
    const start = line.lastIndexOf('{"severity"')
    if (start < 0) return []
    try {
      return [JSON.parse(line.slice(start)) as Line]
    } catch {
      return []
    }
  })
