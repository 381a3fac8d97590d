import { setTimeout } from 'node:timers/promises'
import { Command } from '@commander-js/extra-typings'
import type { CliContext } from '../context.ts'
import { Exit, failureText, LEFT } from '../failure.ts'
import { openPlatform, type OpenedPlatform, type UnfinishedRun } from '../open-platform.ts'
import type { RunLook } from '../platform/platform.ts'
import { toPlatformError } from '@convergence/core/errors.ts'
import { commandLine } from '../project.ts'
import { renderRunSummary } from '../render/run-summary.ts'
import { formatCount } from '../render/units.ts'
import { watchRun } from '../watch-run.ts'
import { parameterOption, pipelineArgument, PROJECT_HELP, PROJECT_OPTION, type PipelineTarget } from './options.ts'

interface Options {
  readonly param: Readonly<Record<string, string>>
  readonly json: boolean
  readonly idempotencyKey?: string | undefined
  readonly project?: string | undefined
}

export const runCommand = (context: CliContext) =>
  new Command('run')
    .description('Run a pipeline and watch it; an unfinished run of the same parameters goes on instead')
    .argument('<tenant/pipeline>', 'for example acme/openai_cost', pipelineArgument)
    .option('--param <name=value>', 'a parameter of the pipeline, again for each', parameterOption, {})
    .option('--json', 'one JSON document at the end, and nothing else', false)
    .option('--idempotency-key <key>', 'the same key again gives the same run')
    .option(PROJECT_OPTION, PROJECT_HELP)
    .action(async (target, options) => {
      try {
        const { run } = await runOnce(context, target, options)
        if (run.status !== 'SUCCEEDED') throw new Exit(1)
      } catch (thrown) {
        if (options.json && !(thrown instanceof Exit)) context.print(failureDocument(thrown))
        throw thrown
      }
    })

const runOnce = async (context: CliContext, target: PipelineTarget, options: Options): Promise<RunLook> => {
  const opened = await openPlatform(context, options.project)
  let leaving = false
  try {
    const asked = await opened.platform.requestRun({
      ...target,
      parameters: options.param,
      idempotencyKey: options.idempotencyKey,
    })
    if (!options.json) tellUnfinished(context, opened.unfinished, asked.how === 'resumed' ? asked.runId : undefined)
    if (!options.json && asked.how === 'repeated')
      context.print(`The key was used before: this is its run ${asked.runId}`)
    await opened.work()
    const look = await watchRun(context, opened.platform, asked.runId, {
      quiet: options.json,
      onFirstStop: leaveText(opened, context.io.cwd, asked.runId),
    })
    const command = commandLine(context.io.cwd, opened.project)
    const before = opened.unfinished.find(({ runId }) => runId === asked.runId)
    if (options.json) context.print(JSON.stringify(runDocument(look, before), undefined, 2))
    else context.print(`${renderRunSummary(look, { ...context.table(), command })}${resumedText(before)}`)
    await finishOthers(context, opened, { asked: asked.runId, quiet: options.json })
    return look
  } catch (thrown) {
    leaving = thrown instanceof Exit && thrown.exitCode === LEFT
    throw thrown
  } finally {
    // Who leaves does not wait for a long piece of work: it is done again at the next start.
    await (leaving ? Promise.race([opened.close(), setTimeout(LEAVE_WITHIN_MS)]) : opened.close())
  }
}

const LEAVE_WITHIN_MS = 2_000

const tellUnfinished = ({ print }: CliContext, runs: readonly UnfinishedRun[], asked: string | undefined): void => {
  for (const run of runs) {
    const which = run.runId === asked ? 'of just these parameters' : `of ${run.tenant}/${run.pipelineId}`
    print(`An unfinished run ${which} was found: ${run.runId}, ${chunksText(run)}. It goes on from there.`)
  }
}

const chunksText = ({ chunksDone, chunksTotal }: UnfinishedRun): string =>
  chunksTotal === 0
    ? 'no chunk planned yet'
    : `${formatCount(chunksDone)} of ${formatCount(chunksTotal)} chunks already done`

const resumedText = (before: UnfinishedRun | undefined): string =>
  before ? `\nThe run was resumed: ${chunksText(before)} when this command started.\n` : ''

const leaveText = ({ owner, project }: OpenedPlatform, cwd: string, runId: string): string =>
  `${owner ? `Leave? The run goes on in process ${owner.pid}.` : 'Leave? The run stops here and goes on at the next start.'} Ctrl-C again leaves; \`${commandLine(cwd, project)(`cancel ${runId}`)}\` ends the run.`

/** Other runs that this start found: their work began with it, so it also ends here. */
const finishOthers = async (
  context: CliContext,
  opened: OpenedPlatform,
  { asked, quiet }: { asked: string; quiet: boolean },
): Promise<void> => {
  for (const { runId } of opened.unfinished.filter((run) => run.runId !== asked)) {
    const { run } = await watchRun(context, opened.platform, runId, {
      quiet,
      onFirstStop: leaveText(opened, context.io.cwd, runId),
    })
    if (!quiet) context.print(`Run ${runId}, found unfinished, is ${run.status}`)
  }
}

/** What machines read: the API's view of a run, and what only a watcher knows. */
const runDocument = ({ run, progress }: RunLook, before: UnfinishedRun | undefined): object => ({
  ...run,
  steps: run.steps.map((step) => {
    const ingest = progress.find(({ stepId }) => stepId === step.step_id)
    return { ...step, ...(ingest && { chunks: ingest.chunks, peak_memory_bytes: ingest.peakBytes }) }
  }),
  resumed: before ? { chunks_done: before.chunksDone, chunks_total: before.chunksTotal } : null,
})

/** There is no run: the same shape, and why. */
const failureDocument = (thrown: unknown): string => {
  const { code } = toPlatformError(thrown)
  return JSON.stringify(
    { run_id: null, status: 'FAILED', steps: [], error: { code, message: failureText(thrown) } },
    undefined,
    2,
  )
}
