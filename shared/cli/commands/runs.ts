import { Command } from '@commander-js/extra-typings'
import type { CliContext } from '../context.ts'
import { openPlatform } from '../open-platform.ts'
import { renderRuns } from '../render/runs-table.ts'
import { runsShowCommand } from './runs-show.ts'
import { countOption, PROJECT_HELP, PROJECT_OPTION, tenantArgument } from './options.ts'

export const runsCommand = (context: CliContext) =>
  new Command('runs')
    .description("List a tenant's runs, newest first; `runs show RUN` explains one")
    // Else it would take the options of `show` for its own.
    .enablePositionalOptions()
    .addCommand(runsShowCommand(context))
    .argument('<tenant>', 'whose runs', tenantArgument)
    .option('--pipeline <id>', 'only of this pipeline')
    .option('--limit <count>', 'at most so many', countOption(1, 100), 20)
    .option('--json', 'one JSON document', false)
    .option(PROJECT_OPTION, PROJECT_HELP)
    .action(async (tenant, options) => {
      const opened = await openPlatform(context, options.project)
      try {
        const { runs } = await opened.platform.listRuns({ tenant, pipelineId: options.pipeline, limit: options.limit })
        if (options.json) context.print(JSON.stringify({ runs }, undefined, 2))
        else context.print(runs.length > 0 ? renderRuns(runs, context.table()) : `Tenant ${tenant} has no runs yet`)
      } finally {
        await opened.close()
      }
    })
