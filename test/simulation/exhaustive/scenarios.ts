import type { Upload } from '../scenario.ts'

/**
 * Small runs whose every port call is a place for a fault. What each must leave behind is said in words of its own files: see
 * `oracle.ts`.
 */
export interface SmallRun {
  readonly name: string
  readonly uploads: readonly Upload[]
  /** How a run may end; a stop that came late finds its run published. */
  readonly ends: readonly ('SUCCEEDED' | 'FAILED' | 'CANCELLED')[]
}

const DAYS = ['2026-01-01', '2026-01-02'] as const

interface Shape {
  readonly pipelineId: Upload['pipelineId']
  /** Rows of each file; `bad` fits no column, `poison` ends its chunk. */
  readonly files: readonly (readonly ('good' | 'bad' | 'poison')[])[]
  readonly cancelAfterMs?: number
  readonly atMs?: number
  /** Which upload of its scenario this is. */
  readonly n?: number
}

const upload = ({ pipelineId, files, cancelAfterMs, atMs = 0, n = 0 }: Shape): Upload => {
  const object = `acme/${pipelineId}/${n}/go`
  const good: Upload['good'][number][] = []
  const texts = files.map((rows, file) => {
    const lines = rows.map((kind, row) => {
      // Keys of one merge meet those of the next.
      const id = pipelineId === 'merge' ? `k${file}-${row}` : `r${n}-${file}-${row}`
      const day = DAYS[(file + row) % 2] as string
      if (kind === 'poison') return 'poison,x,1'
      if (kind === 'good') good.push({ id, day, amount: '1' })
      return `${id},${day},${kind === 'bad' ? 'bad' : '1'}`
    })
    return { name: `acme/${object}.${file}.csv`, text: ['id,day,amount', ...lines, ''].join('\n') }
  })
  return {
    tenant: 'acme',
    pipelineId,
    object,
    files: texts,
    good,
    bad: files.flat().filter((kind) => kind === 'bad').length,
    poisoned: files.flat().includes('poison'),
    atMs,
    cancelAfterMs,
  }
}

const one = (name: string, shape: Shape, ends: SmallRun['ends'] = ['SUCCEEDED']): SmallRun => ({
  name,
  uploads: [upload(shape)],
  ends,
})

/** Four chunks in three lanes: one lane has two, so that a chunk enqueues another. */
const CHUNKS = [['good', 'good'], ['good'], ['good'], ['good']] as const
const STOPPED = ['CANCELLED', 'SUCCEEDED'] as const

export const SMALL_RUNS: readonly SmallRun[] = [
  one('smallest', { pipelineId: 'append', files: [['good'], ['good', 'good']] }),
  one('append', { pipelineId: 'append', files: CHUNKS }),
  one('overwrite', { pipelineId: 'overwrite', files: CHUNKS }),
  one('merge', { pipelineId: 'merge', files: CHUNKS }),
  one('rejected-row', { pipelineId: 'append', files: [['good', 'bad'], ['good'], ['good'], ['good', 'good']] }),
  one('rejected-chunk', { pipelineId: 'append', files: [['good'], ['poison'], ['good'], ['good']] }, ['FAILED']),
  one('too-many-rejects', { pipelineId: 'append', files: [['bad', 'bad'], ['good']] }, ['FAILED']),
  one('nothing', { pipelineId: 'append', files: [] }),
  ...[200, 700, 1_500, 4_000, 12_000].map((cancelAfterMs) =>
    one(`cancel-after-${cancelAfterMs}-ms`, { pipelineId: 'append', files: CHUNKS, cancelAfterMs }, STOPPED),
  ),
  one('cancel-overwrite', { pipelineId: 'overwrite', files: CHUNKS, cancelAfterMs: 2_000 }, STOPPED),
  one(
    'cancel-rejected-row',
    { pipelineId: 'append', files: [['good', 'bad'], ['good']], cancelAfterMs: 2_000 },
    STOPPED,
  ),
  {
    name: 'two-overwrites',
    uploads: [
      upload({ pipelineId: 'overwrite', files: [['good', 'good'], ['good']] }),
      upload({ pipelineId: 'overwrite', files: [['good', 'good']], atMs: 300, n: 1 }),
    ],
    ends: ['SUCCEEDED'],
  },
  {
    name: 'two-merges',
    uploads: [
      upload({ pipelineId: 'merge', files: [['good', 'good'], ['good']] }),
      upload({ pipelineId: 'merge', files: [['good', 'good']], atMs: 300, n: 1 }),
    ],
    ends: ['SUCCEEDED'],
  },
]
