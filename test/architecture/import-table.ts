/** What these files may import besides their own workspace and node's modules; `*` ends a prefix. The first match counts. */
interface Row {
  files: RegExp
  imports: readonly string[]
}

const core = '@convergence/core/*'
const runtime = '@convergence/runtime/*'
const control = '@convergence/control/*'
const pipeline = '@convergence/pipeline/*'
const handlers = ['api', 'orchestrator', 'ingest', 'dq', 'transform', 'uploads'].map(
  (name) => `@convergence/${name}/handler.ts`,
)

export const importTable: readonly Row[] = [
  { files: /^shared\/core\//, imports: ['zod', 'js-yaml'] },
  { files: /^shared\/pipeline\/process\//, imports: [core, 'nodejs-polars'] },
  { files: /^shared\/pipeline\//, imports: [core] },
  { files: /^shared\/control\//, imports: [core] },
  { files: /^shared\/gcp\//, imports: [core, '@google-cloud/*', 'google-gax', 'google-auth-library'] },
  { files: /^shared\/local\//, imports: [core, '@duckdb/node-api', '@polyglot-sql/sdk'] },
  {
    files: /^shared\/runtime\//,
    imports: [
      core,
      'winston',
      'undici',
      '@opentelemetry/*',
      '@google-cloud/opentelemetry-cloud-trace-propagator',
      '@google-cloud/logging-winston',
    ],
  },
  {
    files: /^shared\/cli\//,
    imports: [
      core,
      control,
      runtime,
      '@convergence/local/*',
      ...handlers,
      'commander',
      '@commander-js/extra-typings',
      'log-update',
      'cli-table3',
      'node/package.json',
    ],
  },
  {
    files: /^functions\/[^/]+\/index\.ts$/,
    imports: [runtime, '@convergence/gcp/*', '@google-cloud/functions-framework'],
  },
  { files: /^functions\/api\//, imports: [core, runtime, control, 'hono', 'hono/*', '@hono/*', 'zod'] },
  { files: /^functions\/uploads\//, imports: [core, runtime, control] },
  { files: /^functions\//, imports: [core, runtime, pipeline] },
]
