import { Command } from '@commander-js/extra-typings'
import type { CliContext } from '../context.ts'
import { openPlatform } from '../open-platform.ts'
import { queryDocument, renderQueryResult } from '../render/query-result.ts'
import { countOption, PROJECT_HELP, PROJECT_OPTION, tenantArgument } from './options.ts'

const EXAMPLES = `
Examples:
  convergence query acme "SELECT * FROM silver_cost.daily_cost"
  convergence query acme "SELECT origin, position, reason FROM quarantine.rejected_rows"
  convergence query acme "SELECT run_id, status FROM metadata.pipeline_runs"`

export const queryCommand = (context: CliContext) =>
  new Command('query')
    .description("Ask a tenant's tables in GoogleSQL: one SELECT, tables as dataset.table")
    .argument('<tenant>', 'whose tables', tenantArgument)
    .argument('<sql>', 'one SELECT')
    .option('--limit <rows>', 'at most so many rows', countOption(1, 1_000_000), 1_000)
    .option('--json', 'one JSON document', false)
    .option(PROJECT_OPTION, PROJECT_HELP)
    .addHelpText('after', EXAMPLES)
    .action(async (tenant, sql, options) => {
      const opened = await openPlatform(context, options.project)
      try {
        const answer = await opened.platform.query({ tenant, sql, limit: options.limit })
        context.print(
          options.json
            ? JSON.stringify(queryDocument(answer), undefined, 2)
            : renderQueryResult(answer, context.table()),
        )
      } finally {
        await opened.close()
      }
    })
