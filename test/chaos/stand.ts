import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeBatch, type Batch, type Item } from './batch.ts'
import { checkBatch, expectedOf, type Checked } from './check.ts'
import { runCommand } from './command.ts'
import { inspect } from './inspect.ts'
import { dropFiles, localFolder, TENANT, writeProject } from './project.ts'
import { openQuota, type Quota } from './quota.ts'
import { Source } from './source.ts'
import { WorkLog } from './work-log.ts'

/** Of a command that has little to do, on a busy machine. */
export const COMMAND_MS = 60_000

/** One project in a folder of its own, its source, and what its tables must hold. */
export class Stand {
  readonly root: string
  readonly source: Source
  readonly quota: Quota
  readonly log: WorkLog
  readonly #seed: number
  readonly #items = new Map<number, Item>()
  readonly #totals: Record<string, number> = {}
  key = ''

  private constructor(seed: number) {
    this.#seed = seed
    this.root = mkdtempSync(join(tmpdir(), 'convergence-chaos-'))
    this.source = new Source(seed)
    this.quota = openQuota(this.root)
    process.on('exit', this.#leave)
    this.log = new WorkLog(this.root)
  }

  static async open(seed: number): Promise<Stand> {
    const stand = new Stand(seed)
    await stand.source.start()
    writeProject(stand.root, stand.source.port)
    await stand.#command('tenant', 'create', TENANT)
    stand.key = (JSON.parse(await stand.#command('key', 'create', TENANT, '--json')) as { key: string }).key
    stand.log.read()
    return stand
  }

  get local(): string {
    return localFolder(this.root)
  }

  /** The source has a further batch; its files are in the watched folder. */
  bring(number: number): Batch {
    const batch = makeBatch(this.#seed, number)
    dropFiles(this.root, batch)
    return batch
  }

  /** Compares all tables with the source, while nobody works in the folder. */
  async check(batches: readonly Batch[]): Promise<Checked> {
    for (const { items } of batches) for (const item of items) this.#items.set(item.id, item)
    const expected = batches.map((batch) => expectedOf(batch, this.#items))
    for (const { tables } of expected)
      for (const [table, rows] of Object.entries(tables)) this.#totals[table] = (this.#totals[table] ?? 0) + rows.length
    const inspection = await inspect(this.local)
    try {
      const checked: Checked[] = []
      for (const [index, batch] of batches.entries())
        checked.push(await checkBatch(inspection, batch, expected[index]!, this.#totals))
      return {
        violations: checked.flatMap(({ violations }) => violations),
        rows: checked.reduce((sum, { rows }) => sum + rows, 0),
      }
    } finally {
      inspection.close()
    }
  }

  async close(): Promise<void> {
    await this.source.kill()
    this.#leave()
    process.off('exit', this.#leave)
  }

  /** Also when this process is told to end. */
  readonly #leave = (): void => {
    this.quota.release()
    rmSync(this.root, { recursive: true, force: true })
  }

  async #command(...args: string[]): Promise<string> {
    const { code, out } = await runCommand(this.root, args, { limitMs: COMMAND_MS })
    if (code !== 0) throw new Error(`convergence ${args.join(' ')} ended with ${code}: ${out}`)
    return args.includes('--json') ? out.slice(out.indexOf('{'), out.lastIndexOf('}') + 1) : out
  }
}
