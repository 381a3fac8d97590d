import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { simulate } from '../simulate.ts'
import type { ProfileName } from '../profiles.ts'
import { applyPatch, parsePatch } from './apply-patch.ts'

const FOLDER = new URL('./', import.meta.url)
const ROOT = new URL('../../../', FOLDER)
const run = promisify(execFile)

/** Where each was caught when that was last recorded, with `node test/simulation/mutants/hunt.ts [NAME]`. */
const CAUGHT = JSON.parse(readFileSync(new URL('caught.json', FOLDER), 'utf8')) as Record<
  string,
  { readonly profile: ProfileName; readonly seed: number }
>
const PATCHES = readdirSync(FOLDER).filter((name) => name.endsWith('.patch'))
/** A change of the product may move a history: the next seeds must then do. */
const SEEDS = 200
const MINUTES_MS = 300_000

/** Thirty processes load the same sources. */
const compiled = mkdtempSync(join(tmpdir(), 'mutants-'))
afterAll(() => rmSync(compiled, { recursive: true }))

const textOf = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8')

describe('a patch', () => {
  it.each(PATCHES)('%s applies to the sources as they are', (name) => {
    for (const patch of parsePatch(textOf(name), name))
      expect(applyPatch(readFileSync(new URL(patch.path, ROOT), 'utf8'), patch, name)).not.toBe('')
  })

  const diff = ['--- a/x.ts', '+++ b/x.ts', '@@ -1,3 +1,3 @@', ' one', '-two', '+2', ' three', ''].join('\n')

  it('applies where its old lines moved to, if that is one place', () => {
    const [patch] = parsePatch(diff, 'x.patch')
    if (!patch) throw new Error('there is no patch')
    expect(applyPatch('zero\none\ntwo\nthree\n', patch, 'x.patch')).toBe('zero\none\n2\nthree\n')
  })

  it.each([
    ['changed lines', 'one\nzwei\nthree\n'],
    ['lines that stand there twice', 'zero\none\ntwo\nthree\none\ntwo\nthree\n'],
  ])('is refused over %s, by file and hunk', (_, source) => {
    const [patch] = parsePatch(diff, 'x.patch')
    if (!patch) throw new Error('there is no patch')
    expect(() => applyPatch(source, patch, 'x.patch')).toThrow('x.patch: hunk @@ -1,3 +1,3 @@ does not apply to x.ts')
  })

  it.each([
    ['no diff', 'what else'],
    ['a hunk that ends early', diff.replace(' three\n', '')],
  ])('is refused as %s', (_, text) => {
    expect(() => parsePatch(text, 'x.patch')).toThrow('x.patch')
  })
})

describe('the simulation', () => {
  it('has thirty bugs, and a seed for each of them', () => {
    expect(PATCHES).toHaveLength(30)
    expect(Object.keys(CAUGHT).toSorted()).toEqual(PATCHES.toSorted())
  })

  it(
    'finds nothing on the same seeds in the sources as they are',
    async () => {
      const seeds = new Map(Object.values(CAUGHT).map((caught) => [`${caught.profile} ${caught.seed}`, caught]))
      const found: string[] = []
      for (const { profile, seed } of seeds.values())
        for (const violation of (await simulate(seed, { profile })).violations) found.push(`seed ${seed}: ${violation}`)
      expect(found).toEqual([])
    },
    MINUTES_MS,
  )

  it(
    'catches every planted bug',
    async () => {
      const missed: string[] = []
      const waiting = [...PATCHES]
      const worker = async (): Promise<void> => {
        for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
          await play(name).catch((error: unknown) => missed.push(`${name}: ${String(error)}`))
      }
      await Promise.all(Array.from({ length: availableParallelism() }, worker))
      expect(missed).toEqual([])
    },
    MINUTES_MS,
  )
})

/** Fails unless it is caught. A process of its own: what is planted stays planted. */
const play = (name: string): Promise<unknown> => {
  const { profile, seed } = CAUGHT[name] ?? { profile: 'base', seed: 1 }
  const script = new URL('play-mutant.ts', FOLDER).pathname
  const args = ['--profile', profile, '--from', String(seed), '--seeds', String(SEEDS)]
  return run(process.execPath, [script, new URL(name, FOLDER).pathname, ...args], {
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  })
}
