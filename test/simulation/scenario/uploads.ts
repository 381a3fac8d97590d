import type { Prng } from '../prng.ts'
import type { Flaw } from './api.ts'
import { DAYS, stepFacts, TENANTS, type PipelineId } from './pipelines.ts'

interface SourceRow {
  readonly id: string
  readonly day: string
  readonly amount: string
}

/** A file that comes late, or is written anew while its run is at work: of its versions a run loads one whole, or none that was late. */
interface MovingFile {
  readonly name: string
  readonly versions: readonly { readonly afterMs: number; readonly text: string; readonly good: readonly SourceRow[] }[]
}

/** What a step of a run finds at its source. */
export interface StepSource {
  readonly good: readonly SourceRow[]
  readonly bad: number
  /** A chunk of it cannot be read. */
  readonly poisoned: boolean
}

/** When a stop comes: at a moment of its run. */
type StopMoment = 'publishing' | 'claimed' | 'submitted' | 'failed' | 'visible'

/** Before the run's n-th call whose label begins so, and holds that, its worker sleeps. */
interface Stall {
  readonly verb: string
  readonly what: string
  readonly nth: number
  readonly forMs: number
}

/** An object that starts a run, with what the run finds. Ids tell who they are of: a row that turns up elsewhere is seen. */
export interface Upload extends StepSource {
  readonly tenant: string
  readonly pipelineId: PipelineId
  /** Name of the object that starts the run; its files begin with it. */
  readonly object: string
  readonly files: readonly { readonly name: string; readonly text: string }[]
  readonly atMs: number
  readonly cancelAfterMs: number | undefined
  readonly moving?: readonly MovingFile[]
  /** Of pipelines with several ingest steps; the upload itself otherwise. */
  readonly steps?: Readonly<Record<string, StepSource>>
  readonly stopAt?: { readonly moment: StopMoment; readonly afterMs: number }
  /** A message that claims another tenant for the run. */
  readonly forgeAfterMs?: number
  readonly flaw?: Flaw
  /** Workers of the run sleep. */
  readonly stalls?: readonly Stall[]
  /** The first attempt of its publish fails by what may work again. */
  readonly failsFirst?: boolean
  /** A chunk whose task is gone without a word, until a sweep finds it. */
  readonly loses?: number
}

type Kind = 'files' | 'writers' | 'feed' | 'graph' | 'moving' | 'noisy' | 'arranged' | 'lost'

/** Most seeds play files; each plays few things, so that it is quick. */
const KINDS: readonly Kind[] = [
  ...Array.from({ length: 6 }, (): Kind => 'files'),
  ...Array.from({ length: 5 }, (): Kind => 'writers'),
  ...Array.from({ length: 5 }, (): Kind => 'feed'),
  'graph',
  'graph',
  'moving',
  'moving',
  'noisy',
  'arranged',
  'arranged',
  'arranged',
  'lost',
]

const FAMILIES: readonly (readonly PipelineId[])[] = [
  ['append', 'append_again', 'hasty'],
  ['overwrite', 'overwrite_again'],
  ['overwrite'],
  ['merge', 'merge_again'],
  ['merge_days'],
]

/** Uploads of one seed. */
export const uploadsOf = (random: Prng): Upload[] => {
  switch (random.pick(KINDS)) {
    case 'files':
      return several(random, 3 + random.below(3), (n) =>
        fileUpload(random, n, random.pick(['append', 'overwrite', 'merge', 'inferred', 'hasty'])),
      )
    case 'writers': {
      const [family, tenant] = [random.pick(FAMILIES), random.pick(TENANTS)]
      return several(random, 3 + random.below(2), (n) => ({ ...fileUpload(random, n, random.pick(family), tenant) }))
    }
    case 'feed': {
      const [pipelineId, tenant] = [random.pick(['feed', 'feed', 'numbers', 'list'] as const), random.pick(TENANTS)]
      return several(random, 3 + random.below(2), (n) => feedUpload(random, n, pipelineId, tenant))
    }
    case 'graph':
      return several(random, 1 + random.below(2), (n) => graphUpload(random, n))
    case 'moving':
      return several(random, 2, (n) => movingUpload(random, n))
    case 'arranged':
      return arrangedUploads(random)
    case 'lost':
      return several(random, 2, (n) => ({
        ...fileUpload(random, n, random.pick(['append', 'merge'])),
        loses: random.below(2),
      }))
    case 'noisy':
      return noisyUploads(random)
  }
}

const several = (random: Prng, count: number, make: (n: number) => Upload): Upload[] =>
  Array.from({ length: count }, (_, n) => withStop(random, make(n)))

const MOMENTS: readonly StopMoment[] = ['publishing', 'claimed', 'submitted', 'failed', 'visible']

const withStop = (random: Prng, upload: Upload): Upload => {
  const forged = random.chance(0.02) ? { forgeAfterMs: random.below(20_000) } : {}
  if (random.chance(0.08)) return { ...upload, ...forged, cancelAfterMs: random.below(60_000) }
  if (!random.chance(0.2)) return { ...upload, ...forged }
  return {
    ...upload,
    ...forged,
    stopAt: { moment: random.pick(MOMENTS), afterMs: random.below(random.pick([50, 500, 5_000])) },
  }
}

/** Runs of one table whose workers sleep at the calls where it matters: claims, submits, plans; with stops and failed jobs between them. */
const arrangedUploads = (random: Prng): Upload[] => {
  const [family, tenant] = [random.pick(FAMILIES), random.pick(TENANTS)]
  const make = (n: number): Upload => ({
    ...fileUpload(random, n, random.pick(family), tenant),
    atMs: random.below(3_000),
  })
  let first = make(0)
  // One that publishes, and nothing before that.
  while (first.good.length === 0 || first.bad > 0 || first.poisoned) first = make(0)
  switch (random.below(4)) {
    case 0:
    case 3: {
      // One worker sleeps with a claim that it has not used, the next before it renews it: others take the table over meanwhile.
      const stalls = [
        { verb: 'job publish', what: '', nth: 1, forMs: 61_000 + random.below(25_000) },
        { verb: 'state get', what: 'ledgers/', nth: 2, forMs: 40_000 },
      ]
      const later = (n: number): Upload => ({ ...make(n), atMs: 5_000 + random.below(20_000) })
      return [{ ...first, atMs: 0, stalls }, later(1), later(2)]
    }
    case 1: {
      // Is stopped when its job has failed, and before it has submitted the next.
      const stall = { verb: 'job publish', what: '', nth: 2, forMs: 2_000 + random.below(20_000) }
      const stopAt = { moment: 'failed', afterMs: random.below(4_000) } as const
      return [{ ...first, stalls: [stall], stopAt, failsFirst: true }, make(1)]
    }
    default: {
      // Knows only of its run's first attempt while another worker is at the second.
      const stall = { verb: 'state get', what: 'ledgers/', nth: 1, forMs: 61_000 + random.below(70_000) }
      return [{ ...first, stalls: [stall], failsFirst: true }]
    }
  }
}

const objectOf = (tenant: string, pipelineId: PipelineId, n: number): string => `${tenant}/${pipelineId}/${n}/go`

const fileUpload = (random: Prng, n: number, pipelineId: PipelineId, tenant: string = random.pick(TENANTS)): Upload => {
  const object = objectOf(tenant, pipelineId, n)
  // Without a file and without a schema there is no column that a table could be partitioned by.
  const chunks = pipelineId !== 'inferred' && random.chance(0.05) ? 0 : 1 + random.below(5)
  const poisonedFile = random.chance(0.06) ? random.below(chunks) : -1
  const files = Array.from({ length: chunks }, (_, file) =>
    fileOf(random, { n, file, pipelineId, isPoison: file === poisonedFile }),
  )
  return {
    tenant,
    pipelineId,
    object,
    files: files.map(({ text }, file) => ({ name: `${tenant}/${object}.${file}.csv`, text })),
    ...sumOf(files),
    atMs: random.below(30_000),
    cancelAfterMs: undefined,
  }
}

interface MadeFile extends StepSource {
  readonly text: string
}

const sumOf = (files: readonly MadeFile[]): StepSource => ({
  good: files.flatMap(({ good }) => good),
  bad: files.reduce((sum, { bad }) => sum + bad, 0),
  poisoned: files.some(({ poisoned }) => poisoned),
})

const HEADER = 'id,day,amount'

const fileOf = (
  random: Prng,
  { n, file, pipelineId, isPoison }: { n: number; file: number; pipelineId: PipelineId; isPoison: boolean },
): MadeFile => {
  const good: SourceRow[] = []
  const lines = [HEADER]
  let bad = 0
  const facts = stepFacts(pipelineId)[0]
  for (let row = 0; row < 1 + random.below(3); row++) {
    // Keys of merges meet in other uploads, on other days; all others are of this one only.
    const shared = facts?.strategy === 'merge' && random.chance(0.5)
    const id = shared ? `k-${file}-${row}` : `r${n}-${file}-${row}`
    const day = random.pick(facts?.days ?? DAYS)
    // What the first file holds says the types of an inferred table: whole numbers.
    const misfit = pipelineId === 'inferred' ? (file === 0 ? undefined : `${n}.5`) : 'bad'
    const isBad = misfit !== undefined && random.chance(0.08)
    const amount = isBad ? misfit : String(n)
    lines.push(`${id},${day},${amount}`)
    if (isBad) bad++
    else good.push({ id, day, amount })
  }
  if (isPoison) lines.push('poison,2026-01-01,1')
  return { text: `${lines.join('\n')}\n`, good, bad, poisoned: isPoison }
}

/** Runs far enough apart that there is something new to read, and near enough that they overlap now and then. */
const feedUpload = (random: Prng, n: number, pipelineId: PipelineId, tenant: string): Upload => {
  const flaw: { flaw?: Flaw } = random.chance(0.15)
    ? { flaw: random.pick(['repeats', 'short', 'unfiltered'] as const) }
    : {}
  return {
    tenant,
    pipelineId,
    object: objectOf(tenant, pipelineId, n),
    files: [],
    good: [],
    bad: 0,
    poisoned: false,
    atMs: random.below(random.pick([30_000, 3_600_000])),
    cancelAfterMs: undefined,
    ...flaw,
  }
}

const graphUpload = (random: Prng, n: number): Upload => {
  const pipelineId = random.pick(['graph', 'graph_stops', 'graph_alerts'] as const)
  const tenant = random.pick(TENANTS)
  const object = objectOf(tenant, pipelineId, n)
  const a = Array.from({ length: 1 + random.below(4) }, (_, file) =>
    fileOf(random, { n, file, pipelineId, isPoison: false }),
  )
  const b = Array.from({ length: 1 + random.below(2) }, (_, file) =>
    fileOf(random, { n, file: file + 10, pipelineId, isPoison: file === 0 && random.chance(0.4) }),
  )
  const named = (files: readonly MadeFile[], step: string) =>
    files.map(({ text }, file) => ({ name: `${tenant}/${object}.${step}${file}.csv`, text }))
  return {
    tenant,
    pipelineId,
    object,
    files: [...named(a, 'a'), ...named(b, 'b')],
    ...sumOf([...a, ...b]),
    steps: { a: sumOf(a), b: sumOf(b) },
    atMs: random.below(10_000),
    cancelAfterMs: undefined,
  }
}

/** Files come while their run plans, or are written anew while it reads. */
const movingUpload = (random: Prng, n: number): Upload => {
  const upload = fileUpload(random, n, 'append')
  const make = (file: number, part: number) => {
    const rows = [{ id: `m${n}-${file}-${part}`, day: DAYS[0], amount: String(part) }]
    return {
      text: `${HEADER}\n${rows.map(({ id, day, amount }) => `${id},${day},${amount}`).join('\n')}\n`,
      good: rows,
    }
  }
  const moving = Array.from({ length: 1 + random.below(3) }, (_, index): MovingFile => {
    const file = 20 + index
    const isLate = random.chance(0.6)
    const afterMs = upload.atMs + random.below(random.pick([1_000, 10_000]))
    return {
      name: `${upload.tenant}/${upload.object}.${file}.csv`,
      versions: isLate
        ? [{ afterMs, ...make(file, 0) }]
        : [
            { afterMs: 0, ...make(file, 0) },
            { afterMs, ...make(file, 1) },
          ],
    }
  })
  // A planner may sleep between its shards and its head, until another has planned.
  const stall = { verb: 'object put', what: '/plan.json', nth: 1, forMs: 61_000 + random.below(30_000) }
  return { ...upload, moving, ...(random.chance(0.5) && { stalls: [stall] }) }
}

/** One tenant with fifty times the work of the other. */
const noisyUploads = (random: Prng): Upload[] => {
  const [loud, quiet] = random.chance(0.5) ? TENANTS : ([TENANTS[1], TENANTS[0]] as const)
  const many = Array.from({ length: 50 }, (_, file) =>
    fileOf(random, { n: 0, file, pipelineId: 'append', isPoison: false }),
  )
  const object = objectOf(loud, 'append', 0)
  const noise: Upload = {
    tenant: loud,
    pipelineId: 'append',
    object,
    files: many.map(({ text }, file) => ({ name: `${loud}/${object}.${file}.csv`, text })),
    ...sumOf(many),
    atMs: 0,
    cancelAfterMs: undefined,
  }
  return [noise, fileUpload(random, 1, 'append', quiet)]
}
