/**
 * What each pipeline of the tenants loads, and how. Their names are alike on purpose. Several pipelines load one table, so that it
 * has several writers beside those that a pipeline's own concurrency gives.
 */
export const TENANTS = ['acme', 'acme2'] as const
export const BUCKET = 'drops'
/** Name of the secret that the API wants. */
export const API_KEY = 'api_key'
export const DAYS = ['2026-01-01', '2026-01-02', '2026-01-03'] as const

/** What the checkers know of a step: where it loads, and by which strategy. */
export interface StepFacts {
  readonly stepId: string
  readonly table: string
  readonly strategy: 'append' | 'overwrite' | 'merge'
  /** Days that an overwrite replaces. */
  readonly days?: readonly string[]
  /** Of a merge; the id, if absent. With the day among them it is pruned. */
  readonly keys?: readonly ('id' | 'day')[]
  /** Cursor column of an incremental step. */
  readonly cursor?: 'updated_at' | 'seq'
}

interface PipelineFacts {
  readonly steps: readonly StepFacts[]
  /** Stands in the YAML before the steps. */
  readonly settings: string
  /** One a step: its source, `on_failure` and the like. */
  readonly lines: readonly string[]
}

const COMMON = 'max_rejected: 50%, partition_by: day'
const RETRY = 'retry: { max_attempts: 6, backoff: 1s }'
const ingest = (stepId: string, source: string, load: string, more = ''): string =>
  `  - { step_id: ${stepId}, type: ingest, source: ${source}, ${RETRY}, load: { dataset: raw, ${load}, ${COMMON} }${more} }`

const loading = (
  source: string,
  facts: Omit<StepFacts, 'stepId'> & { readonly load: string; readonly schema?: string },
  settings = 'concurrency: 2\ntimeout: TIMEOUT',
): PipelineFacts => {
  const { load, schema = 'schema: rows', ...rest } = facts
  const comma = schema === '' ? '' : ', '
  const text = `table: ${facts.table}, ${schema}${comma}${load}`
  return { steps: [{ stepId: 'rows', ...rest }], settings, lines: [ingest('rows', source, text)] }
}

const append = { table: 'append', strategy: 'append', load: 'strategy: append' } as const
const merge = { table: 'merge', strategy: 'merge', load: 'strategy: merge, keys: [id]' } as const
const overwrite = (days: readonly string[]) =>
  ({
    table: 'overwrite',
    strategy: 'overwrite',
    days,
    load: `strategy: overwrite, partitions: [${days.join(', ')}]`,
  }) as const

const graph = (onFailure: string): PipelineFacts => ({
  settings: 'concurrency: 1\ntimeout: TIMEOUT',
  steps: [
    { stepId: 'a', table: 'graph_a', strategy: 'append' },
    { stepId: 'b', table: 'graph_b', strategy: 'append' },
    { stepId: 'copy', table: 'copy', strategy: 'append' },
  ],
  lines: [
    ingest(
      'a',
      'files.a',
      'table: graph_a, schema: rows, strategy: append',
      ', needs: [], gate: small, on_failure: continue',
    ),
    ingest('b', 'files.b', 'table: graph_b, schema: rows, strategy: append', `, needs: [], on_failure: ${onFailure}`),
    `  - { step_id: checks, type: dq, needs: [a], rules: small, table: raw.graph_a, scope: run, ${RETRY} }`,
    `  - { step_id: copy, type: transform, needs: [checks], sql: silver/copy, ${RETRY}, load: { dataset: silver, table: copy, schema: rows, partition_by: day, strategy: append } }`,
  ],
})

export const PIPELINES = {
  append: loading('files.rows', append),
  append_again: loading('files.rows', append),
  hasty: loading('files.rows', append, 'concurrency: 2\ntimeout: 15m'),
  overwrite: loading('files.rows', overwrite(DAYS.slice(0, 2))),
  overwrite_again: loading('files.rows', overwrite(DAYS.slice(1, 3))),
  merge: loading('files.rows', merge),
  merge_again: loading('files.rows', merge),
  inferred: loading('files.rows', { ...append, table: 'inferred', schema: '' }),
  feed: loading('api.feed', { ...append, table: 'feed', schema: 'schema: feed', cursor: 'updated_at' }),
  numbers: loading('api.numbers', { ...append, table: 'numbers', schema: 'schema: numbers', cursor: 'seq' }),
  merge_days: loading('files.rows', {
    table: 'merge_days',
    strategy: 'merge',
    keys: ['id', 'day'],
    load: 'strategy: merge, keys: [id, day]',
  }),
  list: loading('api.list', {
    table: 'list',
    strategy: 'merge',
    load: 'strategy: merge, keys: [id], order_by: [amount]',
  }),
  graph: graph('continue'),
  graph_stops: graph('stop'),
  graph_alerts: graph('alert'),
} as const satisfies Record<string, PipelineFacts>

export type PipelineId = keyof typeof PIPELINES

/** Of which table, by which strategy the steps of a pipeline load, or those of all. */
export const stepFacts = (pipelineId?: PipelineId): readonly StepFacts[] =>
  (pipelineId === undefined ? Object.values(PIPELINES) : [PIPELINES[pipelineId]]).flatMap(({ steps }) => steps)

/** More staged rows than these do not pass the gate of the graphs' step `a`. */
export const GATE_ROWS = 9
