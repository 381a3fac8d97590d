import { Command } from '@commander-js/extra-typings'
import type { CliContext } from '../context.ts'
import { openPlatform } from '../open-platform.ts'
import { commandLine } from '../project.ts'
import { writeTenantFiles } from '../tenant-files.ts'
import { PROJECT_HELP, PROJECT_OPTION, tenantArgument } from './options.ts'

export const tenantCommand = (context: CliContext) =>
  new Command('tenant').description('Tenants of this project').addCommand(
    new Command('create')
      .description('Create a tenant: its state, its metadata views, and its config files where they are missing')
      .argument('<id>', '3 to 30 lower-case letters and digits', tenantArgument)
      .option(PROJECT_OPTION, PROJECT_HELP)
      .action(async (tenant, options) => {
        const opened = await openPlatform(context, options.project)
        try {
          const { created } = await opened.platform.createTenant({ tenant })
          const written = writeTenantFiles(opened.project.root, tenant)
          context.print(created ? `Tenant ${tenant} is created` : `Tenant ${tenant} is there already`)
          for (const file of written) context.print(`  wrote ${file}`)
          context.print(
            `Next: an API key with \`${commandLine(context.io.cwd, opened.project)(`key create ${tenant}`)}\`, pipelines in configs/${tenant}/pipelines/`,
          )
        } finally {
          await opened.close()
        }
      }),
  )
