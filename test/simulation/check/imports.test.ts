import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const IMPORT = /^(?:import|export) (type )?[^'"]*?from '([^']+)'/gm

/** What a file of the simulation imports when it runs, and what these import, by address. Types are gone by then. */
const runtimeImports = (from: URL, seen: Set<string>): Set<string> => {
  for (const [, isType, target = ''] of readFileSync(from, 'utf8').matchAll(IMPORT)) {
    if (isType) continue
    const address = target.startsWith('.') ? new URL(target, from).href : target
    if (seen.has(address)) continue
    seen.add(address)
    if (target.startsWith('.')) runtimeImports(new URL(address), seen)
  }
  return seen
}

it('what says what must hold runs none of the code that it judges', () => {
  const all = [...runtimeImports(new URL('../check.ts', import.meta.url), new Set())]
  expect(all.length).toBeGreaterThan(5)
  expect(all.filter((address) => !address.startsWith('file:'))).toEqual([])
  expect(all.filter((address) => !/\/simulation\/(check|scenario)\//.test(address))).toEqual([])
})
