import type { RunLook } from '../platform/platform.ts'
import type { Style } from './style.ts'
import { renderTable } from './table.ts'
import { formatCount, formatDuration, formatMebibytes } from './units.ts'

interface Options {
  readonly style: Style
  readonly width: number
  /** A command as a person would type it. */
  readonly command: (command: string) => string
}

/** How a run ended: its steps in a table, the tables that it wrote, its warnings, and why it failed. */
export const renderRunSummary = (look: RunLook, options: Options): string => {
  const parts = [
    headline(look, options.style),
    stepTable(look, options),
    written(look),
    warnings(look, options),
    failure(look, options),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

const headline = ({ run }: RunLook, style: Style): string => {
  const took = run.duration_ms === null ? '' : ` in ${formatDuration(run.duration_ms)}`
  const paint = run.status === 'SUCCEEDED' ? style.green : style.red
  return `Run ${style.bold(run.run_id)} ${paint(run.status)}${took}\n`
}

const COLUMNS = [
  { title: 'step' },
  { title: 'status' },
  ...['chunks', 'fetched', 'accepted', 'rejected', 'filtered', 'loaded', 'time', 'rows/s', 'peak memory'].map(
    (title) => ({
      title,
      align: 'right' as const,
    }),
  ),
]

/** Columns that say nothing in any row are left out. */
const stepTable = (look: RunLook, { style, width }: Options): string => {
  const rows = look.run.steps.map((step) => stepRow(look, step))
  const used = COLUMNS.map((_, index) => index).filter((index) => rows.some((row) => tells(index, row[index] ?? '')))
  const pick = <T>(list: readonly T[]): T[] => used.flatMap((index) => list.slice(index, index + 1))
  return renderTable(pick(COLUMNS), rows.map(pick), { style, width })
}

/** What is the same in every ordinary run: a status that the headline has said, no filtered rows. */
const tells = (index: number, cell: string): boolean =>
  cell !== '' && !(index === STATUS && cell === 'succeeded') && !(index === FILTERED && cell === '0')

const STATUS = COLUMNS.findIndex(({ title }) => title === 'status')
const FILTERED = COLUMNS.findIndex(({ title }) => title === 'filtered')

const stepRow = ({ progress }: RunLook, step: RunLook['run']['steps'][number]): string[] => {
  const ingest = progress.find(({ stepId }) => stepId === step.step_id)
  const name = [step.step_id, step.status.toLowerCase()]
  if (step.status === 'SKIPPED' || step.status === 'PENDING') return [...name, ...COLUMNS.slice(2).map(() => '')]
  const { fetched, accepted, rejected, filtered, loaded } =
    step.error && ingest ? { ...ingest.rows, loaded: step.rows.loaded } : step.rows
  const seconds = (step.duration_ms ?? 0) / 1_000
  return [
    ...name,
    ingest ? `${formatCount(ingest.chunks.done)}/${formatCount(ingest.chunks.total)}` : '',
    ...[fetched, accepted, rejected, filtered, loaded].map(formatCount),
    step.duration_ms === null ? '' : formatDuration(step.duration_ms),
    seconds > 0 && fetched > 0 ? formatCount(Math.round(fetched / seconds)) : '',
    ingest && ingest.peakBytes > 0 ? formatMebibytes(ingest.peakBytes) : '',
  ]
}

const written = ({ tenant, run }: RunLook): string => {
  const tables = [...new Set(run.steps.flatMap((step) => step.tables))]
  if (tables.length === 0) return run.status === 'SUCCEEDED' ? '' : 'No table was written.\n'
  return `Tables written, of tenant ${tenant}: ${tables.join(', ')}\n`
}

const warnings = ({ tenant, run }: RunLook, { style, command }: Options): string => {
  const ofSteps = run.steps.flatMap((step) => step.warnings.map(({ message }) => `step ${step.step_id}: ${message}`))
  const ofRun = run.warnings.map(({ message }) => message).filter((message) => !ofSteps.includes(message))
  const told = [...ofSteps, ...ofRun].map((message) => `${style.yellow('Warning:')} ${message}\n`)
  const quarantined = run.steps.some((step) => step.warnings.some(({ code }) => QUARANTINED.has(code)))
  // A run that failed ends with what to do, and that is the same.
  const shown =
    quarantined && run.status === 'SUCCEEDED'
      ? [`${rejectedRows(tenant, run.quarantine_of ?? run.run_id, command)}\n`]
      : []
  return [...told, ...shown].join('')
}

const QUARANTINED: ReadonlySet<string> = new Set(['ROWS_REJECTED', 'ROWS_QUARANTINED'])

const failure = (look: RunLook, { style, command }: Options): string => {
  const { run } = look
  if (run.status === 'SUCCEEDED') return ''
  const reasons = run.steps.flatMap((step) => (step.error ? [`step ${step.step_id}: ${step.error.message}`] : []))
  const ofRun = run.error && !reasons.includes(run.error.message) ? [run.error.message] : []
  const told = [...reasons, ...ofRun].map((reason) => `${style.red('Reason:')} ${reason}\n`)
  const more = `More, and how to go on from here: ${command(`runs show ${run.run_id}`)}`
  return [...told, `${adviceOf(look, command)}\n${more}\n`].join('')
}

/** What a person can do about it, by the kind of the failure. */
const adviceOf = ({ tenant, run, progress }: RunLook, command: Options['command']): string => {
  const failed = run.steps.find(({ error }) => error)
  const code = failed?.error?.code ?? run.error?.code ?? ''
  const ingest = progress.find(({ stepId }) => stepId === failed?.step_id)
  const rejected = (failed?.rows.rejected ?? 0) + (ingest?.rows.rejected ?? 0) > 0
  if (run.status === 'CANCELLED') return 'It was cancelled: what was loaded before stays, nothing more will be.'
  if (rejected) return rejectedRows(tenant, run.quarantine_of ?? run.run_id, command)
  return ADVICE[code] ?? 'Mend the cause and run it again.'
}

const rejectedRows = (tenant: string, runId: string, command: Options['command']): string =>
  `The rejected rows, with position and reason: ${command(`query ${tenant} "SELECT origin, position, column, value, reason FROM quarantine.rejected_rows WHERE _run_id = '${runId}'"`)}`

const ADVICE: Readonly<Record<string, string>> = {
  INVALID_CONFIG: 'Mend the configuration (convergence validate shows all problems), then run it again.',
  UNAUTHENTICATED: 'Check the secret that the source uses, then run it again.',
  FORBIDDEN: 'Check the secret that the source uses, and what the operator allows the tenant, then run it again.',
  UNAVAILABLE: 'It may work later: run it again. Nothing that was loaded is loaded twice.',
  TIMED_OUT: 'Raise the timeout of the step or the pipeline, or give it less to do, then run it again.',
  INTERNAL: 'Run it again; the log in .convergence/logs/convergence.log has the details.',
}
