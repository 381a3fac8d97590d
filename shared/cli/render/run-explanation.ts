import type { RunExplained } from '../platform/platform.ts'
import type { Style } from './style.ts'
import { formatCount, formatDuration, plural } from './units.ts'

interface Options {
  readonly style: Style
  /** A command as a person would type it. */
  readonly command: (command: string) => string
}

/** Why a run is as it is and what to do about it: plain lines, the answer to "what now?" at the end. */
export const renderExplanation = (explained: RunExplained, options: Options): string =>
  [
    ...headline(explained, options.style),
    ...reasons(explained, options.style),
    ...explained.run.steps.flatMap((step) => stepLines(explained, step)),
    ...waits(explained),
    ...underWay(explained),
    ...deadLetters(explained),
    ...(explained.trouble === undefined ? [] : [`${options.style.red('Trouble:')} ${explained.trouble}`]),
    ...advice(explained, options),
  ].join('\n')

const headline = ({ tenant, run }: RunExplained, style: Style): string[] => {
  const paint = run.status === 'SUCCEEDED' ? style.green : run.error ? style.red : style.yellow
  const took = run.duration_ms === null ? '' : ` in ${formatDuration(run.duration_ms)}`
  const times = [
    `requested ${run.requested_at}`,
    run.started_at && `began ${run.started_at}`,
    run.ended_at && `ended ${run.ended_at}`,
  ]
  const of = run.replay_of === null ? [] : [`Replay of run ${run.replay_of}`]
  const rows = run.quarantine_of === null ? [] : [`Loads rows that run ${run.quarantine_of} left in quarantine`]
  return [
    `Run ${style.bold(run.run_id)} of ${tenant}/${run.pipeline_id} ${paint(run.status)}${took}`,
    `  ${times.filter(Boolean).join(', ')}`,
    ...of,
    ...rows,
  ]
}

const reasons = ({ run }: RunExplained, style: Style): string[] => [
  ...(run.error ? [`${style.red('Reason:')} ${run.error.code}: ${run.error.message}`] : []),
  ...run.warnings.map(({ message }) => `${style.yellow('Warning:')} ${message}`),
]

type Step = RunExplained['run']['steps'][number]

const stepLines = ({ run, progress, explanation }: RunExplained, step: Step): string[] => {
  const known = explanation.steps.find(({ step_id }) => step_id === step.step_id)
  const ingest = progress.find(({ stepId }) => stepId === step.step_id)
  const facts = [
    ingest && `${formatCount(ingest.chunks.done)} of ${plural(ingest.chunks.total, 'chunk')}`,
    known?.chunks?.rejected ? `${plural(known.chunks.rejected, 'chunk')} given up` : undefined,
    step.rows.loaded > 0 ? `${plural(step.rows.loaded, 'row')} loaded` : undefined,
    known && known.rejected_rows > 0 ? `${plural(known.rejected_rows, 'row')} rejected` : undefined,
    known?.from ? fromText(step, known.from) : undefined,
  ].filter(Boolean)
  const error = step.error && !isToldAlready(run, step) ? [`  ${step.error.code}: ${step.error.message}`] : []
  const bad = (known?.bad_chunks ?? []).map(
    (one) =>
      `  chunk ${one.chunk} (${one.label}) ${one.code}: ${one.message}${one.at === null ? '' : `, at ${one.at}`}`,
  )
  return [
    `Step ${step.step_id} (${step.type}) ${step.status}${facts.length > 0 ? `: ${facts.join(', ')}` : ''}`,
    ...error,
    ...bad,
  ]
}

const fromText = ({ status }: Step, runId: string): string =>
  status === 'SUCCEEDED' ? `taken over from run ${runId}` : `takes over what is done of run ${runId}`

const isToldAlready = ({ error }: RunExplained['run'], step: Step): boolean =>
  error?.message === `step ${step.step_id}: ${step.error?.message}`

const waits = ({ explanation }: RunExplained): string[] =>
  explanation.waiting_for.map(
    (wait) => `Waits${wait.step_id === null ? '' : ` (step ${wait.step_id})`}: ${wait.message}`,
  )

const underWay = ({ run, explanation }: RunExplained): string[] => {
  if (explanation.under_way === null || run.ended_at !== null) return []
  if (explanation.under_way.length === 0) return ['Under way: nothing, neither message nor task']
  return explanation.under_way.map((one) => {
    const error = one.last_error === null ? '' : `; last error: ${one.last_error}`
    const state = one.running
      ? `attempt ${one.attempts} at work`
      : `due ${one.due_at}, ${plural(one.attempts, 'attempt')} so far`
    return `Under way: ${aboutText(one)}, ${state}${error}`
  })
}

const deadLetters = ({ explanation }: RunExplained): string[] =>
  (explanation.dead_letters ?? []).map(
    (one) =>
      `Dead letter: ${aboutText(one)}, given up at ${one.at} after ${plural(one.attempts, 'attempt')}: ${one.code}: ${one.reason}`,
  )

const aboutText = (one: { channel: string; type: string; step_id: string | null; chunk: number | null }): string => {
  const step = one.step_id === null ? '' : ` of step ${one.step_id}`
  return `${one.type}${one.chunk === null ? '' : ` ${one.chunk}`}${step} (${one.channel})`
}

const advice = ({ explanation }: RunExplained, { style, command }: Options): string[] =>
  explanation.advice.flatMap((one) => [
    `${style.bold('Do:')} ${one.do}`,
    ...(one.command === null ? [] : [`  ${command(one.command)}`]),
  ])
