import type { RunLook } from '../platform/platform.ts'
import type { Baselines } from './baselines.ts'
import type { Style } from './style.ts'
import { formatBytes, formatCount, formatDuration, plural } from './units.ts'

export interface ProgressState {
  readonly look: RunLook
  readonly nowMs: number
  readonly baselines: Baselines
  readonly width: number
  readonly style: Style
}

type Step = RunLook['run']['steps'][number]

/** A line for the run and one for each step, as they stand at this moment. */
export const renderProgress = (state: ProgressState): string => {
  const { run } = state.look
  const widest = Math.max(...run.steps.map(({ step_id }) => step_id.length))
  const since =
    run.started_at === null ? '' : `  ${formatDuration(Math.max(0, state.nowMs - Date.parse(run.started_at)))}`
  const head = `${state.style.bold(run.run_id)}  ${run.status.toLowerCase()}${since}`
  const lines = run.steps.flatMap((step) => [stepLine(step, widest, state), ...waitLines(step, state)])
  const trouble = state.look.trouble === undefined ? [] : [state.style.red(troubleText(state.look.trouble))]
  return [head, ...lines, ...trouble].join('\n')
}

const waitLines = (step: Step, { look, nowMs, width, style }: ProgressState): string[] =>
  look.waits
    .filter(({ stepId }) => stepId === step.step_id)
    .map((wait) => style.yellow(`  ${waitText(wait, nowMs)}`.slice(0, Math.max(20, width - 1))))

export const troubleText = (trouble: string): string => `Nothing goes on: ${trouble}`

/** Why a step stands still, and for how long. */
export const waitText = ({ reason, until }: RunLook['waits'][number], nowMs: number): string =>
  `tries again in ${formatDuration(Math.max(0, Date.parse(until) - nowMs))}: ${reason}`

const stepLine = (step: Step, widest: number, state: ProgressState): string => {
  const { style } = state
  const name = step.step_id.padEnd(widest)
  const text = [`${MARKS[step.status]} ${name}`, statusWord(step), ...details(step, state)].join('  ')
  const cut = text.slice(0, Math.max(20, state.width - 1))
  if (step.status === 'SUCCEEDED') return style.green(cut)
  if (step.status === 'FAILED') return style.red(cut)
  return step.status === 'RUNNING' || step.status === 'PUBLISHING' ? cut : style.dim(cut)
}

const MARKS: Readonly<Record<Step['status'], string>> = {
  PENDING: '·',
  RUNNING: '▸',
  PUBLISHING: '▸',
  SUCCEEDED: '✓',
  FAILED: '✗',
  SKIPPED: '-',
  CANCELLED: '-',
}

/** What a step is doing, in words: a step's publish is its load, or its check's quarantine. */
export const statusWord = (step: Pick<Step, 'status' | 'type'>): string => {
  if (step.status === 'RUNNING') return { ingest: 'reading', dq: 'checking', transform: 'preparing' }[step.type]
  if (step.status === 'PUBLISHING')
    return { ingest: 'loading', dq: 'moving rows to quarantine', transform: 'computing' }[step.type]
  return { PENDING: 'waits', SUCCEEDED: 'done', FAILED: 'failed', SKIPPED: 'skipped', CANCELLED: 'cancelled' }[
    step.status
  ]
}

/** Chunks, rows, speed and time left, as far as they are known. */
export const details = (step: Step, state: Pick<ProgressState, 'look' | 'nowMs' | 'baselines'>): string[] => {
  const progress = state.look.progress.find(({ stepId }) => stepId === step.step_id)
  if (step.status === 'PENDING' || step.status === 'SKIPPED') return []
  if (!progress) return step.rows.fetched > 0 ? [plural(step.rows.fetched, 'row')] : []
  const { chunks, rows } = progress
  const parts = [`${formatCount(chunks.done)}/${formatCount(chunks.total)} chunks`, plural(rows.fetched, 'row')]
  if (rows.rejected > 0) parts.push(`${formatCount(rows.rejected)} rejected`)
  return step.status === 'RUNNING' ? [...parts, ...pace(progress, state)] : parts
}

/** From what was done since the step was first seen here: bytes where their number is known, else chunks. */
const pace = (
  { stepId, chunks, bytes }: RunLook['progress'][number],
  { baselines, nowMs }: Pick<ProgressState, 'nowMs' | 'baselines'>,
): string[] => {
  const from = baselines.get(stepId)
  const elapsedMs = from ? nowMs - from.atMs : 0
  if (!from || elapsedMs < 1_000) return []
  const done = bytes ? bytes.done - from.bytes : chunks.done - from.chunks
  const left = bytes ? bytes.total - bytes.done : chunks.total - chunks.done
  if (done <= 0) return []
  const speed = bytes ? [`${formatBytes((done * 1_000) / elapsedMs)}/s`] : []
  return left > 0 ? [...speed, `about ${formatDuration((elapsedMs * left) / done)} left`] : speed
}
