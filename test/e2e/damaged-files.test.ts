import { cpSync, existsSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryProject, type TemporaryProject } from '@convergence/cli/testing/temporary-project.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOOK_MS } from './flow.ts'

/** Files that were cut, emptied or restored alone: refused by their names and with what to do, never taken for a smaller truth. */
let project: TemporaryProject
const at = (name: string): string => join(project.folder, '.convergence', name)
const copy = (moment: string): string => join(project.folder, moment)
const run = (day: string) => project.cli('run', 'example/orders', '--param', `day=${day}`)
const rows = async (): Promise<string> =>
  (await project.cli('query', 'example', 'SELECT COUNT(*) AS n FROM raw_shop.orders', '--json')).out

beforeAll(async () => {
  project = temporaryProject()
  await project.cli('init')
  for (const moment of ['first', 'second']) {
    await run('2026-01-31')
    cpSync(at(''), copy(moment), { recursive: true })
  }
}, HOOK_MS)
afterAll(() => project.remove(), HOOK_MS)

/** The second moment, with some files of the first. */
const restore = (...ofTheFirst: string[]): void => {
  rmSync(at(''), { recursive: true })
  cpSync(copy('second'), at(''), { recursive: true })
  for (const name of ofTheFirst) cpSync(join(copy('first'), name), at(name))
}

describe('files of different moments', () => {
  it.each([
    ['state.db', /state\.db does not know that run \S+ has published its step/],
    ['warehouse.duckdb', /warehouse\.duckdb does not have what run \S+ loaded into/],
  ])('an older %s is refused', async (name, told) => {
    restore(name)
    const refused = await run('2026-01-31')
    expect(refused).toMatchObject({ exitCode: 1, err: expect.stringMatching(told) })
    expect(refused.err).toContain('Restore all four from one backup')
    expect(refused.err).not.toContain('unexpected')
    restore()
    expect(await rows()).toContain('"n"')
  })

  it('of one older moment go on from there', async () => {
    restore('state.db', 'warehouse.duckdb')
    const before = await rows()
    expect(await run('2026-01-31')).toMatchObject({ exitCode: 0 })
    expect(await rows()).toBe(before)
  })
})

describe('files whose end is missing', () => {
  it.each([
    ['state.db', 0.5],
    ['warehouse.duckdb', 0.05],
    ['warehouse.duckdb', 0.7],
    ['warehouse.duckdb', 0.9],
  ])('%s, of which %d is left, is refused until it is restored', async (name, share) => {
    restore()
    const whole = await rows()
    truncateSync(at(name), Math.floor(statSync(at(name)).size * share))
    const refused = await run('2026-01-31')
    expect(refused).toMatchObject({ exitCode: 1, err: expect.stringContaining(`${name} is damaged`) })
    expect(refused.err).toContain('from a backup')
    cpSync(join(copy('second'), name), at(name))
    expect(await rows()).toBe(whole)
  })

  it('a warehouse that is gone is refused while the state knows its loads', async () => {
    restore()
    renameSync(at('warehouse.duckdb'), at('elsewhere.duckdb'))
    expect((await run('2026-01-31')).err).toMatch(/does not have what run/)
    expect(existsSync(at('warehouse.duckdb'))).toBe(true)
  })
})
