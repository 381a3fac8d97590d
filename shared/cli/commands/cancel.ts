import { Command } from '@commander-js/extra-typings'
import type { CliContext } from '../context.ts'
import { Exit } from '../failure.ts'
import { openPlatform } from '../open-platform.ts'
import { watchRun } from '../watch-run.ts'
import { PROJECT_HELP, PROJECT_OPTION } from './options.ts'

export const cancelCommand = (context: CliContext) =>
  new Command('cancel')
    .description('Cancel a run: it ends when nothing of it can become visible any more')
    .argument('<run>', 'its id')
    .option(PROJECT_OPTION, PROJECT_HELP)
    .action(async (runId, options) => {
      const opened = await openPlatform(context, options.project)
      try {
        // Asked before work goes on, so that a crashed run does not come to life first.
        await opened.platform.cancelRun({ runId })
        await opened.work()
        const { run } = await watchRun(context, opened.platform, runId, { quiet: true })
        context.print(`Run ${run.run_id} is ${run.status}`)
        if (run.status !== 'CANCELLED') throw new Exit(1)
      } finally {
        await opened.close()
      }
    })
