import { join } from 'node:path'
import { Command } from '@commander-js/extra-typings'
import { listSecrets } from '@convergence/core/config/list-secrets.ts'
import { listTenants, loadTenantConfig } from '@convergence/core/config/load-config.ts'
import { formatProblem, sortProblems, type ConfigProblem } from '@convergence/core/config/problem.ts'
import { PlatformError } from '@convergence/core/errors.ts'
import type { SecretStore } from '@convergence/core/ports/secret-store.ts'
import { FileSecretStore } from '@convergence/local/secret-store.ts'
import type { CliContext } from '../context.ts'
import { Exit } from '../failure.ts'
import { readConfigFiles } from '../project.ts'
import { plural } from '../render/units.ts'
import { PROJECT_HELP, PROJECT_OPTION, tenantArgument } from './options.ts'

/** Checks configurations without touching any state: works beside a running `dev`, and in a commit hook. */
export const validateCommand = (context: CliContext) =>
  new Command('validate')
    .description('Check all configuration, and tell every problem with its position')
    .argument('[tenant]', 'only this tenant', tenantArgument)
    .option('--secrets', 'also check that every secret that is used is there and readable by its owner only', false)
    .option(PROJECT_OPTION, PROJECT_HELP)
    .action(async (tenant, options) => {
      const project = context.project(options.project)
      const files = readConfigFiles(project)
      const tenants = tenant === undefined ? listTenants(files) : [tenant]
      const secrets = options.secrets ? new FileSecretStore({ root: project.root }) : undefined
      const found = await Promise.all(tenants.map((one) => problemsOf(one, files, secrets)))
      // A file that tenants share is told once.
      const texts = [...new Set(sortProblems(found.flatMap(({ problems }) => problems)).map(formatProblem))]
      const missing = found.flatMap(({ missingSecrets }) => missingSecrets)
      for (const line of [...texts, ...missing]) context.print(line)
      const count = texts.length + missing.length
      if (count > 0) {
        context.io.writeError(`${context.style.red('error:')} ${plural(count, 'problem')} in the configuration\n`)
        throw new Exit(1)
      }
      context.print(
        tenants.length === 0
          ? noTenants(project.root)
          : summary(
              tenants,
              found.reduce((sum, one) => sum + one.pipelines, 0),
            ),
      )
    })

interface Checked {
  readonly problems: readonly ConfigProblem[]
  readonly missingSecrets: readonly string[]
  readonly pipelines: number
}

const problemsOf = async (
  tenant: string,
  files: ReturnType<typeof readConfigFiles>,
  secrets: SecretStore | undefined,
): Promise<Checked> => {
  const loaded = loadTenantConfig(tenant, files)
  if ('problems' in loaded) return { problems: loaded.problems, missingSecrets: [], pipelines: 0 }
  const names = secrets ? listSecrets(loaded.snapshot) : []
  const wrong = await Promise.all(names.map((name) => secretProblem(tenant, name, secrets)))
  const pipelines = Object.keys(loaded.snapshot.pipelines).length
  return { problems: [], missingSecrets: wrong.filter((one) => one !== undefined), pipelines }
}

const secretProblem = async (
  tenant: string,
  name: string,
  secrets: SecretStore | undefined,
): Promise<string | undefined> => {
  try {
    await secrets?.get(tenant, name)
    return undefined
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
    return `configs/${tenant}/secrets/${name}.txt:1:1: ${error.message}`
  }
}

const noTenants = (root: string): string =>
  `No tenant in ${join(root, 'configs/_platform/tenants')}: make one with \`convergence tenant create ID\``

const summary = (tenants: readonly string[], pipelines: number): string =>
  `${plural(tenants.length, 'tenant')}, ${plural(pipelines, 'pipeline')}: no problems`
