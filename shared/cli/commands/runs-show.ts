import { Command } from '@commander-js/extra-typings'
import type { CliContext } from '../context.ts'
import { openPlatform } from '../open-platform.ts'
import { commandLine } from '../project.ts'
import { renderExplanation } from '../render/run-explanation.ts'
import { PROJECT_HELP, PROJECT_OPTION } from './options.ts'

export const runsShowCommand = (context: CliContext) =>
  new Command('show')
    .description('Explain a run: what failed or is waited for, and what to do')
    .argument('<run>', 'its id')
    .option('--json', 'one JSON document', false)
    .option(PROJECT_OPTION, PROJECT_HELP)
    .action(async (runId, options) => {
      const opened = await openPlatform(context, options.project)
      try {
        const explained = await opened.platform.explainRun({ runId })
        if (options.json) {
          const { run, explanation, trouble } = explained
          context.print(JSON.stringify({ ...run, explanation, trouble: trouble ?? null }, undefined, 2))
          return
        }
        const command = commandLine(context.io.cwd, opened.project)
        context.print(renderExplanation(explained, { style: context.style, command }))
      } finally {
        await opened.close()
      }
    })
