import type { StepSource, Upload } from '../scenario.ts'

/**
 * Small runs whose every port call is a place for a fault. What each must leave behind is said by its files and by the few words here:
 * see `oracle.ts`.
 */
export interface SmallRun {
  readonly name: string
  readonly uploads: readonly Upload[]
  readonly steps: readonly SmallStep[]
  /** How a run may end; a stop that came late finds its run published. */
  readonly ends: readonly End[]
}

type End = 'SUCCEEDED' | 'FAILED' | 'CANCELLED'

interface SmallStep {
  readonly stepId: string
  readonly table: string
  /** The step whose files its rows come from. */
  readonly rowsOf: string
}

const DAYS = ['2026-01-01', '2026-01-02'] as const

/** Rows of one file; `bad` fits no column, `poison` ends its chunk. */
type FileRows = readonly ('good' | 'bad' | 'poison')[]

interface Shape {
  readonly pipelineId: Upload['pipelineId']
  readonly files: readonly FileRows[]
  /** When a stop comes: after so long, or at a moment. */
  readonly cancelAfterMs?: number
  readonly stopAt?: NonNullable<Upload['stopAt']>
  readonly atMs?: number
  /** Which upload of its scenario this is. */
  readonly n?: number
}

interface MadeFiles extends StepSource {
  readonly texts: readonly string[]
}

const makeFiles = (files: readonly FileRows[], idOf: (file: number, row: number) => string): MadeFiles => {
  const good: Upload['good'][number][] = []
  const texts = files.map((rows, file) => {
    const lines = rows.map((kind, row) => {
      const [id, day] = [idOf(file, row), DAYS[(file + row) % 2] as string]
      if (kind === 'poison') return 'poison,2026-01-01,1'
      if (kind === 'good') good.push({ id, day, amount: '1' })
      return `${id},${day},${kind === 'bad' ? 'bad' : '1'}`
    })
    return ['id,day,amount', ...lines, ''].join('\n')
  })
  const kinds = files.flat()
  return { texts, good, bad: kinds.filter((kind) => kind === 'bad').length, poisoned: kinds.includes('poison') }
}

const upload = ({ pipelineId, files, cancelAfterMs, stopAt, atMs = 0, n = 0 }: Shape): Upload => {
  const object = `acme/${pipelineId}/${n}/go`
  // Keys of one merge meet those of the next.
  const prefix = pipelineId === 'merge' ? 'k' : `r${n}-`
  const { texts, ...source } = makeFiles(files, (file, row) => `${prefix}${file}-${row}`)
  return {
    tenant: 'acme',
    pipelineId,
    object,
    files: texts.map((text, file) => ({ name: `acme/${object}.${file}.csv`, text })),
    ...source,
    atMs,
    cancelAfterMs,
    ...(stopAt && { stopAt }),
  }
}

const one = (name: string, shape: Shape, ends: readonly End[] = ['SUCCEEDED']): SmallRun => several(name, [shape], ends)

const several = (name: string, shapes: readonly Shape[], ends: readonly End[] = ['SUCCEEDED']): SmallRun => ({
  name,
  uploads: shapes.map(upload),
  steps: [{ stepId: 'rows', table: `acme_raw.${shapes[0]?.pipelineId}`, rowsOf: 'rows' }],
  ends,
})

/** Two ingest steps side by side, of which one passes a gate (dq), and a transform of its rows. */
const graph = (name: string, stop: Partial<Upload>, ends: readonly End[]): SmallRun => {
  const object = 'acme/graph/0/go'
  const made = {
    a: makeFiles([['good', 'good'], ['good']], (file, row) => `a${file}-${row}`),
    b: makeFiles([['good', 'bad']], (file, row) => `b${file}-${row}`),
  }
  const files = Object.entries(made).flatMap(([step, { texts }]) =>
    texts.map((text, file) => ({ name: `acme/${object}.${step}${file}.csv`, text })),
  )
  const tenant = 'acme'
  const good = [...made.a.good, ...made.b.good]
  return {
    name,
    uploads: [
      {
        tenant,
        pipelineId: 'graph',
        object,
        files,
        good,
        bad: 1,
        poisoned: false,
        steps: made,
        atMs: 0,
        cancelAfterMs: undefined,
        ...stop,
      },
    ],
    steps: [
      { stepId: 'a', table: 'acme_raw.graph_a', rowsOf: 'a' },
      { stepId: 'b', table: 'acme_raw.graph_b', rowsOf: 'b' },
      { stepId: 'copy', table: 'acme_silver.copy', rowsOf: 'a' },
    ],
    ends,
  }
}

/** Four chunks in three lanes: one lane has two, so that a chunk enqueues another. */
const CHUNKS: readonly FileRows[] = [['good', 'good'], ['good'], ['good'], ['good']]
const MANY: readonly FileRows[] = [...CHUNKS, ['good'], ['good']]
const STOPPED = ['CANCELLED', 'SUCCEEDED'] as const
const append = { pipelineId: 'append', files: CHUNKS } as const

export const SMALL_RUNS: readonly SmallRun[] = [
  one('smallest', { pipelineId: 'append', files: [['good', 'good']] }),
  one('append', append),
  one('overwrite', { pipelineId: 'overwrite', files: CHUNKS }),
  one('merge', { pipelineId: 'merge', files: CHUNKS }),
  one('rejected-row', { pipelineId: 'append', files: [['good', 'bad'], ['good'], ['good'], ['good', 'good']] }),
  one('rejected-chunk', { pipelineId: 'append', files: [['good'], ['poison'], ['good'], ['good']] }, ['FAILED']),
  one('too-many-rejects', { pipelineId: 'append', files: [['bad', 'bad'], ['good']] }, ['FAILED']),
  one('nothing', { pipelineId: 'append', files: [] }),
  // More parts than a job of the simulated warehouse takes.
  one('staged-append', { pipelineId: 'append', files: MANY }),
  one('staged-overwrite', { pipelineId: 'overwrite', files: MANY }),
  one('staged-rejects', { pipelineId: 'append', files: MANY.map(() => ['good', 'good', 'bad'] as const) }),
  ...[3_500, 4_650, 4_900, 7_900].map((ms) => one(`cancel-after-${ms}-ms`, { ...append, cancelAfterMs: ms }, STOPPED)),
  ...(['publishing', 'claimed', 'submitted', 'visible'] as const).map((moment) =>
    one(`cancel-when-${moment}`, { ...append, stopAt: { moment, afterMs: 5 } }, STOPPED),
  ),
  one(
    'cancel-overwrite',
    { pipelineId: 'overwrite', files: CHUNKS, stopAt: { moment: 'submitted', afterMs: 5 } },
    STOPPED,
  ),
  one(
    'cancel-rejected-row',
    { pipelineId: 'append', files: [['good', 'bad'], ['good']], stopAt: { moment: 'publishing', afterMs: 20 } },
    STOPPED,
  ),
  one(
    'cancel-staged',
    { pipelineId: 'append', files: MANY, stopAt: { moment: 'publishing', afterMs: 5_000 } },
    STOPPED,
  ),
  several('two-overwrites', [
    { pipelineId: 'overwrite', files: [['good', 'good'], ['good']] },
    { pipelineId: 'overwrite', files: [['good', 'good']], atMs: 300, n: 1 },
  ]),
  several('two-merges', [
    { pipelineId: 'merge', files: [['good', 'good'], ['good']] },
    { pipelineId: 'merge', files: [['good', 'good']], atMs: 300, n: 1 },
  ]),
  graph('gate-and-transform', {}, ['SUCCEEDED']),
  graph('cancel-transform', { stopAt: { moment: 'visible', afterMs: 200 } }, STOPPED),
]
