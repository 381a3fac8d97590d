import { InvalidConfigError } from '@convergence/core/errors.ts'
import { parseDuration } from '@convergence/core/durations.ts'
import { parseSize } from '@convergence/core/sizes.ts'
import type { LogLevel } from './logging.ts'

/** One setting of the platform: a variable of the environment, read once at the start. A text for `read` says what is wrong. */
interface Setting<T> {
  readonly variable: `CONVERGENCE_${string}`
  /** As it would be written in the environment; empty: not set. */
  readonly default: string
  readonly doc: string
  readonly read: (text: string) => T | Problem
}

class Problem {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

const text = (value: string): string => value
const optional = (value: string): string | undefined => (value === '' ? undefined : value)
const list = (value: string): readonly string[] =>
  value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
const pairs = (value: string): Readonly<Record<string, string>> | Problem => {
  const found = list(value).map((one) => /^([a-z][a-z0-9_]*)=(\S+)$/.exec(one))
  return found.every((match) => match !== null)
    ? Object.fromEntries(found.map(([, name = '', text = '']) => [name, text]))
    : new Problem('must be name=value, separated by commas')
}
const whole = (least: number, most: number) => (value: string) =>
  /^\d{1,15}$/.test(value) && Number(value) >= least && Number(value) <= most
    ? Number(value)
    : new Problem(`must be a whole number from ${least} to ${most}`)
const bytes = (value: string) => parseSize(value) ?? new Problem('must be a size such as 64MB or 2GB')
const duration = (value: string) => parseDuration(value) ?? new Problem('must be a duration such as 30s or 10m')
const secret = (value: string) =>
  value !== '' && value.length < 16 ? new Problem('must have at least 16 characters') : optional(value)
const oneOf =
  <T extends string>(...values: readonly T[]) =>
  (value: string) =>
    values.find((one) => one === value) ?? new Problem(`must be one of ${values.join(', ')}`)

const setting = <T>(
  variable: `CONVERGENCE_${string}`,
  fallback: string,
  doc: string,
  read: (text: string) => T | Problem,
): Setting<T> => ({ variable, default: fallback, doc, read })

/** All settings, by the name that they have in the code. `.env.example` lists the same, in this order. */
export const SETTINGS = {
  project: setting('CONVERGENCE_PROJECT', 'local', 'Project of the warehouse that runs are pinned to.', text),
  location: setting('CONVERGENCE_LOCATION', 'local', 'Location of the warehouse that runs are pinned to.', text),
  bucket: setting('CONVERGENCE_BUCKET', 'convergence', "The platform's own bucket: plans, markers, parts.", text),
  apiKeyPepper: setting(
    'CONVERGENCE_API_KEY_PEPPER',
    '',
    'Secret that API keys are hashed with, at least 16 characters. Changing it makes every key invalid. Empty: the embedded platform makes its own and keeps it.',
    secret,
  ),
  adminKey: setting(
    'CONVERGENCE_ADMIN_KEY',
    '',
    'Key of the admin routes (X-Admin-Key), at least 16 characters. Empty: they are closed.',
    secret,
  ),
  corsOrigins: setting(
    'CONVERGENCE_CORS_ORIGINS',
    '',
    'Origins whose pages may call the API, separated by commas.',
    list,
  ),
  requestsPerMinute: setting(
    'CONVERGENCE_REQUESTS_PER_MINUTE',
    '600',
    'Requests that one API key, or one address without a key, may send.',
    whole(1, 1_000_000),
  ),
  audiences: setting(
    'CONVERGENCE_AUDIENCES',
    '',
    'Audiences of the tokens that Pub/Sub, Cloud Tasks and Cloud Scheduler call the functions with, separated by commas. Empty: nobody is let in.',
    list,
  ),
  callers: setting(
    'CONVERGENCE_CALLERS',
    '',
    'E-mail addresses of the service accounts that may call the functions so, separated by commas. Empty: nobody is let in.',
    list,
  ),
  tokenIssuers: setting(
    'CONVERGENCE_TOKEN_ISSUERS',
    'https://accounts.google.com',
    'Issuers of those tokens, separated by commas; their keys are found by OpenID Connect discovery.',
    list,
  ),
  region: setting('CONVERGENCE_REGION', '', 'Region of the task queues, on Google Cloud.', text),
  resourcePrefix: setting(
    'CONVERGENCE_RESOURCE_PREFIX',
    'convergence-',
    'What the names of topics and queues begin with, on Google Cloud.',
    text,
  ),
  functionUrls: setting(
    'CONVERGENCE_FUNCTION_URLS',
    '',
    'Where tasks call the functions ingest, dq, transform and orchestrator: ingest=https://…, separated by commas. Each is the audience of its tokens too.',
    pairs,
  ),
  taskAccount: setting(
    'CONVERGENCE_TASK_ACCOUNT',
    '',
    'E-mail address of the service account that tasks call the functions as.',
    text,
  ),
  secretsRoot: setting(
    'CONVERGENCE_SECRETS_ROOT',
    '.',
    'Folder with configs/{tenant}/secrets/, which come before Secret Manager, on Google Cloud.',
    text,
  ),
  secretVersions: setting(
    'CONVERGENCE_SECRET_VERSIONS',
    '',
    'Versions of secrets in Secret Manager that are pinned: acme_shop_key=3, separated by commas. Of others the latest is taken.',
    pairs,
  ),
  emulators: setting(
    'CONVERGENCE_EMULATORS',
    '',
    'Emulators to use instead of Google’s services, for tests: storage, pubsub, tasks, secrets or bigquery=host:port, separated by commas.',
    pairs,
  ),
  host: setting('CONVERGENCE_HOST', '127.0.0.1', 'Address that the embedded API listens on.', text),
  port: setting(
    'CONVERGENCE_PORT',
    '8080',
    'Port that the embedded API listens on; 0: any that is free.',
    whole(0, 65_535),
  ),
  lanes: setting(
    'CONVERGENCE_LANES',
    '16',
    'Chunks of one step that may be under way at the same time.',
    whole(1, 100),
  ),
  claimLeaseMs: setting(
    'CONVERGENCE_CLAIM_LEASE',
    '60s',
    'How long others wait for a publish that was claimed and not yet submitted.',
    duration,
  ),
  sweepEveryMs: setting(
    'CONVERGENCE_SWEEP_EVERY',
    '5m',
    'How often the embedded platform looks for runs whose work was lost, and for files that are kept no longer.',
    duration,
  ),
  quietMs: setting(
    'CONVERGENCE_SWEEP_AFTER',
    '15m',
    'How long nothing may be heard of a step before the sweep takes its work for lost and sends it again.',
    duration,
  ),
  keepFilesMs: setting(
    'CONVERGENCE_KEEP_FILES',
    '30d',
    'How long the files of an ended run (plan, markers, parts) are kept. Rows that were loaded or quarantined stay; the run cannot be replayed any more.',
    duration,
  ),
  polarsProcesses: setting('CONVERGENCE_POLARS_PROCESSES', '2', 'Child processes that type rows.', whole(1, 64)),
  polarsChunkBytes: setting(
    'CONVERGENCE_POLARS_CHUNK',
    '64MB',
    'Input that one of them types at a time; more is faster and takes more memory.',
    bytes,
  ),
  loadMemoryBytes: setting(
    'CONVERGENCE_LOAD_MEMORY',
    '1GB',
    'Memory limit of the embedded warehouse; it spills to disk beyond it.',
    bytes,
  ),
  loadThreads: setting('CONVERGENCE_LOAD_THREADS', '2', 'Threads of the embedded warehouse.', whole(1, 256)),
  logLevel: setting(
    'CONVERGENCE_LOG_LEVEL',
    'info',
    'debug, info, warn or error.',
    oneOf<LogLevel>('debug', 'info', 'warn', 'error'),
  ),
  logFile: setting('CONVERGENCE_LOG_FILE', '', 'File that log lines are appended to. Empty: stderr.', optional),
} as const

type SettingName = keyof typeof SETTINGS
type ValueOf<S> = S extends Setting<infer T> ? Exclude<T, Problem> : never
export type Settings = { readonly [K in SettingName]: ValueOf<(typeof SETTINGS)[K]> }

/** Settings from an environment. An empty variable counts as not set. Throws InvalidConfigError with all problems; secrets are not in it. */
export const parseSettings = (environment: Readonly<Record<string, string | undefined>>): Settings => {
  const known = new Set<string>(Object.values(SETTINGS).map((one) => one.variable))
  const problems = Object.keys(environment)
    .filter((name) => name.startsWith('CONVERGENCE_') && !known.has(name))
    .map((name) => `${name} is not a setting: see .env.example`)
  const values: Record<string, unknown> = {}
  for (const [name, { variable, default: fallback, read }] of Object.entries(SETTINGS) as [
    string,
    Setting<unknown>,
  ][]) {
    const value = read(environment[variable]?.trim() || fallback)
    if (value instanceof Problem) problems.push(`${variable} ${value.message}`)
    else values[name] = value
  }
  if (problems.length > 0) throw new InvalidConfigError(problems.join('; '), { details: { problems } })
  return values as unknown as Settings
}

/** The text of `.env.example`. */
export const envExample = (): string =>
  [
    '# Settings of the platform, with their defaults. Copy to .env and change what you need.',
    ...Object.values(SETTINGS).map((one) => `\n# ${one.doc}\n${one.variable}=${one.default}`),
    '',
  ].join('\n')
