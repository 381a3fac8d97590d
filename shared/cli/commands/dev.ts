import { Command } from '@commander-js/extra-typings'
import type { CliContext } from '../context.ts'
import { openEmbedded } from '../embedded.ts'
import { commandLine } from '../project.ts'
import { refuseOwned } from '../open-platform.ts'
import { formatCount } from '../render/units.ts'
import { startDevServer } from '../dev-server.ts'
import { countOption, PROJECT_HELP, PROJECT_OPTION } from './options.ts'

export const devCommand = (context: CliContext) =>
  new Command('dev')
    .description('Host the API and all functions, and watch the bucket folders, until Ctrl-C')
    .option('--port <number>', 'port of the API (default: CONVERGENCE_PORT, or 8080)', countOption(0, 65_535))
    .option(PROJECT_OPTION, PROJECT_HELP)
    .action(async (options) => {
      const project = context.project(options.project)
      const embedded = await openEmbedded(project, context.io.env).catch((error: unknown) =>
        refuseOwned(error, project),
      )
      const stopped = new Promise<void>((resolve) => {
        const end = context.io.onStop(() => {
          end()
          resolve()
        })
      })
      try {
        const server = await startDevServer(embedded, options.port)
        try {
          for (const run of embedded.unfinished)
            context.print(
              `Unfinished run ${run.runId}: ${formatCount(run.chunksDone)} of ${formatCount(run.chunksTotal)} chunks done; it goes on`,
            )
          await embedded.work({ watchUploads: true })
          context.print(welcome(server.url, embedded.buckets, commandLine(context.io.cwd, project)))
          await stopped
          context.print('Stopping: what is under way is finished first')
        } finally {
          await server.close()
        }
      } finally {
        await embedded.close()
      }
    })

const welcome = (url: string, buckets: string, command: (command: string) => string): string =>
  `Convergence is at ${url}
  API      ${url}/openapi.json describes it; POST ${url}/api/v1/pipelines/run/PIPELINE starts a run
  key      ${command('key create TENANT')}, in another terminal; send it in the header X-API-Key
  uploads  a file dropped into ${buckets}/BUCKET starts the pipelines whose on_upload matches
Other commands (run, runs, replay, cancel, query) work beside this one. Ctrl-C stops it.`
