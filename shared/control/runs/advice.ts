import { runEnded, type Run } from '@convergence/core/run/run.ts'
import type { DeadDelivery, WaitingDelivery } from './deliveries.ts'
import type { StepExplanation } from './explain-step.ts'
import { quarantineOf } from './view-run.ts'
import type { RunWait } from './waits-of.ts'

/** One thing to do: in words, and the command for it where there is one. */
export interface Advice {
  readonly do: string
  /** Of `convergence`, without its name. */
  readonly command: string | null
}

interface Known {
  readonly run: Run
  readonly steps: readonly StepExplanation[]
  readonly waits: readonly RunWait[]
  readonly waiting: readonly WaitingDelivery[] | undefined
  readonly dead: readonly DeadDelivery[] | undefined
  readonly replay: Run | undefined
}

export const adviceFor = (known: Known): Advice[] => {
  const { run, replay } = known
  if (!runEnded(run)) return [...liveAdvice(known), ...rowsAdvice(known)]
  if (replay)
    return [advice(`It was replayed as ${replay.runId}, which is ${replay.status}.`, `runs show ${replay.runId}`)]
  return [...endedAdvice(known), ...rowsAdvice(known)]
}

const advice = (text: string, command: string | null = null): Advice => ({ do: text, command })

const liveAdvice = ({ run, waits, waiting, dead }: Known): Advice[] => {
  if (run.status === 'STOPPING')
    return [advice('It is being stopped: it ends when nothing of it can become visible any more.')]
  const ahead = waits.find(({ run_id: runId }) => runId !== null)
  if (ahead?.run_id) return [advice(`Wait for run ${ahead.run_id}, or look at it.`, `runs show ${ahead.run_id}`)]
  const later = waits.find(({ what }) => what === 'time')
  if (later) return [advice('It tries again by itself; to end it instead:', `cancel ${run.runId}`)]
  const isLost = waiting?.length === 0 || (dead?.length ?? 0) > 0
  if (isLost && run.status === 'RUNNING')
    return [advice('Nothing of it is under way. Send its work again:', `replay ${run.runId}`)]
  return [advice('It goes on by itself.')]
}

const endedAdvice = ({ run, steps }: Known): Advice[] => {
  if (steps.every(({ status }) => status === 'SUCCEEDED')) return []
  if (run.status === 'CANCELLED')
    return [advice('It was cancelled: what was loaded stays. To do what it had not done:', `replay ${run.runId}`)]
  // Its rows were looked at to the last, and are as bad as before: that is said of them below.
  if (quarantineOf(run) !== null && steps.some(({ error }) => error?.code === 'DATA_REJECTED')) return []
  const code = steps.find(({ error }) => error)?.error?.code ?? run.error?.code ?? ''
  return [advice(FIRST[code] ?? 'Mend the cause, then send it again:', `replay ${run.runId}`)]
}

/** What comes before the command, by the kind of the failure. */
const FIRST: Readonly<Record<string, string>> = {
  INVALID_CONFIG: 'Mend the configuration (convergence validate shows all problems), then send it again:',
  UNAUTHENTICATED: 'Check the secret that the source uses, then send it again:',
  FORBIDDEN: 'Check the secret that the source uses, and what the operator allows the tenant, then send it again:',
  UNAVAILABLE: 'What failed may work now. Send it again; the chunks that are done are taken over:',
  TIMED_OUT: 'Raise the timeout of the step or the pipeline, or give it less to do, then send it again:',
  DATA_REJECTED: 'Mend the source, the schema or the rules, or raise max_rejected, then send it again:',
  INTERNAL: 'The log has the details. Send it again; the chunks that are done are taken over:',
}

/** Rejected rows are told wherever there are any: where they are, and how those of a published step come back. */
const rowsAdvice = ({ run, steps }: Known): Advice[] => {
  if (!steps.some(({ quarantined }) => quarantined)) return []
  const owner = quarantineOf(run) ?? run.runId
  const sql = `SELECT origin, position, column, value, reason FROM quarantine.rejected_rows WHERE _run_id = '${owner}'`
  const look = advice('The rejected rows, with position and reason:', `query ${run.tenant} "${sql}"`)
  const isPublished =
    quarantineOf(run) !== null || steps.some(({ quarantined, status }) => quarantined && status === 'SUCCEEDED')
  if (!isPublished || !runEnded(run)) return [look]
  const again = 'Once the schema or the source config is mended, load those that are good then:'
  return [look, advice(again, `replay ${owner} --quarantined`)]
}
