import { join } from 'node:path'
import { Command } from '@commander-js/extra-typings'
import type { CliContext } from '../context.ts'
import { pointToServer, prepareDemo } from '../demo/prepare-demo.ts'
import { runDemo } from '../demo/run-demo.ts'
import { startUsageServer, type UsageServer } from '../demo/usage-server.ts'
import { openEmbedded } from '../embedded.ts'
import { refuseOwned } from '../open-platform.ts'
import { LOCAL_FOLDER, projectAt } from '../project.ts'

const PORT = 4010

export const demoCommand = (context: CliContext) =>
  new Command('demo')
    .description('Show the whole product in a minute: an API and a bill become checked tables and an exact cost')
    .action(async () => {
      const project = projectAt(join(context.io.cwd, LOCAL_FOLDER, 'demo'))
      const embedded = await openEmbedded(project, context.io.env).catch((error: unknown) =>
        refuseOwned(error, project),
      )
      try {
        const server = await startServer(prepareDemo(project))
        try {
          pointToServer(project, server.port)
          await runDemo({ context, embedded, server })
        } finally {
          await server.close()
        }
      } finally {
        await embedded.close()
      }
    })

/** The usual port, so that the project's files stay the same, or another where that is taken. */
const startServer = (key: string): Promise<UsageServer> =>
  startUsageServer(key, PORT).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    return startUsageServer(key, 0)
  })
