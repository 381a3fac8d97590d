import { Command } from '@commander-js/extra-typings'
import type { CliContext } from '../context.ts'
import { Exit } from '../failure.ts'
import { openPlatform } from '../open-platform.ts'
import type { ReplayAnswer } from '../platform/platform.ts'
import { commandLine } from '../project.ts'
import { renderRunSummary } from '../render/run-summary.ts'
import { watchRun } from '../watch-run.ts'
import { countOption, PROJECT_HELP, PROJECT_OPTION } from './options.ts'

const NOTES = `
A run that has not ended goes on: its work is sent again. For one that has, a new run does what it did not do; steps that
succeeded, and chunks that are done, are taken over. With --quarantined, rejected rows are typed again under the config as
it is now, and those that are good are loaded. Asking twice does it once.`

export const replayCommand = (context: CliContext) =>
  new Command('replay')
    .description('Send again what a run lost or did not do, or the rows that it left in quarantine')
    .argument('<run>', 'its id')
    .option('--step <id>', 'this step only, and what needs it')
    .option('--chunk <number>', 'this chunk of the step', countOption(0, 1_000_000_000))
    .option('--quarantined', 'rejected rows, after the schema or the source config was mended', false)
    .option('--json', 'one JSON document at the end, and nothing else', false)
    .option(PROJECT_OPTION, PROJECT_HELP)
    .addHelpText('after', NOTES)
    .action(async (runId, options) => {
      const opened = await openPlatform(context, options.project)
      try {
        const { step: stepId, chunk, quarantined } = options
        const answer = await opened.platform.replayRun({ runId, stepId, chunk, quarantined })
        if (!options.json) context.print(told(runId, answer))
        await opened.work()
        const look = await watchRun(context, opened.platform, answer.runId, { quiet: options.json })
        const command = commandLine(context.io.cwd, opened.project)
        if (options.json) context.print(JSON.stringify({ ...look.run, replay: answer.how }, undefined, 2))
        else context.print(renderRunSummary(look, { ...context.table(), command }))
        if (look.run.status !== 'SUCCEEDED') throw new Exit(1)
      } finally {
        await opened.close()
      }
    })

const told = (asked: string, { runId, how }: ReplayAnswer): string => {
  if (how === 'resumed') return `Run ${asked} has not ended: its work is sent again`
  return how === 'created' ? `Run ${asked} is replayed as ${runId}` : `Run ${asked} was replayed before, as ${runId}`
}
