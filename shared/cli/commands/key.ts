import { Command } from '@commander-js/extra-typings'
import type { CliContext } from '../context.ts'
import { openPlatform } from '../open-platform.ts'
import { PROJECT_HELP, PROJECT_OPTION, tenantArgument } from './options.ts'

export const keyCommand = (context: CliContext) =>
  new Command('key').description('API keys of tenants').addCommand(
    new Command('create')
      .description('Create an API key; it is shown once, here')
      .argument('<tenant>', 'whose key', tenantArgument)
      .option('--json', 'one JSON document', false)
      .option(PROJECT_OPTION, PROJECT_HELP)
      .action(async (tenant, options) => {
        const opened = await openPlatform(context, options.project)
        try {
          const { key, keyId } = await opened.platform.createKey({ tenant })
          if (options.json) return context.print(JSON.stringify({ tenant, key_id: keyId, key }, undefined, 2))
          context.print(key)
          context.io.writeError(`Keep it: it is shown this once and stored nowhere. Send it in the header X-API-Key.\n`)
        } finally {
          await opened.close()
        }
      }),
  )
