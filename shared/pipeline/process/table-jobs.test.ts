import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { PolarsProcessor } from './polars-processor.ts'
import { column, readParts, request } from './testing.ts'

const directory = mkdtempSync(join(tmpdir(), 'convergence-table-jobs-'))
const processor = new PolarsProcessor({ children: 2, directory })
afterAll(async () => {
  await processor.close()
  rmSync(directory, { recursive: true, force: true })
})

const ROWS = 20_000
const columns = [column('id', 'INT64'), column('note', 'STRING')]
const lines = (bad: readonly number[]): string[] =>
  Array.from({ length: ROWS }, (_, i) => `${bad.includes(i + 1) ? 'x' : i + 1},${'n'.repeat(1_000)}\n`)

const piecemeal = (content: string, more = {}) => {
  const whole = request(content, columns, more)
  return { ...whole, input: { ...whole.input, piecemeal: true } }
}

describe('an input of which a part is typed while the rest is read', () => {
  it('gives every row once, in several parts, and says where the bad ones stood', async () => {
    const bad = [1, 9_000, ROWS]
    const result = await processor.process(piecemeal(`id,note\n${lines(bad).join('')}`, { maxOf: 'id' }))
    expect(result.counts).toEqual({ fetched: ROWS, accepted: ROWS - 3, rejected: 3, filtered: 0 })
    expect(result.parts.length).toBeGreaterThan(1)
    const ids = readParts(result.parts).rows.map((row) => Number(row['id']))
    expect(new Set(ids).size).toBe(ROWS - 3)
    expect(readParts(result.rejects).rows.map((row) => Number(row['position']))).toEqual(bad)
    expect(result.samples.map((sample) => sample.position)).toEqual(bad)
    expect(result.max).toBe(String(ROWS - 1))
    await result.release()
    expect(readdirSync(directory)).toEqual([])
  })

  it('leaves nothing behind when its end is unusable, although its beginning was typed already', async () => {
    const content = `id,note\n${lines([]).join('')}1,"never closed`
    await expect(processor.process(piecemeal(content))).rejects.toThrow('the quote that opens in record 20001')
    expect(existsSync(directory)).toBe(true)
    expect(readdirSync(directory)).toEqual([])
  })
})
