import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChunksOutput } from './contestants/chunks-run.ts'
import { measure, type Figure } from './measure.ts'
import { atMost, lineOf, type Result } from './report.ts'
import type { BenchOptions } from './run.ts'

const COUNTS = [100, 1_000, 10_000] as const

interface Measured {
  readonly chunks: number
  readonly figure: Figure
  readonly output: ChunksOutput
}

/**
 * Empty chunks through plan, tasks, markers and fan-in on the real state, files and queue: what a chunk costs when there is nothing to
 * do in it, and whether that grows with their number.
 */
export const benchChunks = async ({ say }: BenchOptions): Promise<Result[]> => {
  const measured: Measured[] = []
  for (const chunks of COUNTS) {
    const one = await runOnce(chunks)
    measured.push(one)
    say(`${chunks} chunks: ${one.figure.seconds.toFixed(2)} s, ${one.output.total} operations`)
  }
  const [few, some, many] = measured
  if (!few || !some || !many) return []
  return [
    {
      title: 'chunks: empty chunks through plan, tasks, markers and fan-in',
      lines: measured.map(({ chunks, figure }) => lineOf(`${chunks} chunks`, [figure])),
      notes: measured.map(describe),
      targets: [
        atMost('operations a chunk, of 10,000', each(many).operations, each(few).operations),
        atMost('bytes of objects read a chunk, of 10,000', each(many).bytesRead, each(few).bytesRead),
      ],
    },
  ]
}

const runOnce = async (chunks: number): Promise<Measured> => {
  const root = mkdtempSync(join(tmpdir(), 'convergence-bench-chunks-'))
  try {
    return { chunks, ...(await measure<'chunks-run', ChunksOutput>('chunks-run', { root, chunks })) }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

const each = ({ chunks, output }: Measured) => ({
  operations: output.total / chunks,
  bytesRead: Math.round(output.bytesRead / chunks),
})

const describe = (one: Measured): string => {
  const { operations, bytesRead } = each(one)
  const list = Object.entries(one.output.operations).map(
    ([name, count]) => `${name} ${(count / one.chunks).toFixed(2)}`,
  )
  return `${one.chunks} chunks: ${operations.toFixed(2)} operations and ${bytesRead} bytes read a chunk (${list.join(', ')})`
}
