import { Command } from '@commander-js/extra-typings'
import packageJson from './package.json' with { type: 'json' }
import { cancelCommand } from './commands/cancel.ts'
import { demoCommand } from './commands/demo.ts'
import { devCommand } from './commands/dev.ts'
import { initCommand } from './commands/init.ts'
import { keyCommand } from './commands/key.ts'
import { queryCommand } from './commands/query.ts'
import { replayCommand } from './commands/replay.ts'
import { runCommand } from './commands/run.ts'
import { runsCommand } from './commands/runs.ts'
import { tenantCommand } from './commands/tenant.ts'
import { validateCommand } from './commands/validate.ts'
import type { CliContext } from './context.ts'

/** The `convergence` command with its subcommands. */
export const createProgram = (context: CliContext): Command => {
  const { io } = context
  const program = new Command('convergence')
    .description('Runs data pipelines for many tenants; here on this machine, in one process')
    .version(packageJson.version)
    // A command and its own subcommand may have options of one name.
    .enablePositionalOptions()
    .showHelpAfterError('(convergence --help shows what there is)')
  const commands = [
    demoCommand(context),
    initCommand(context),
    tenantCommand(context),
    keyCommand(context),
    validateCommand(context),
    runCommand(context),
    runsCommand(context),
    cancelCommand(context),
    replayCommand(context),
    queryCommand(context),
    devCommand(context),
  ]
  for (const command of commands) program.addCommand(command as unknown as Command)
  for (const command of [program, ...program.commands, ...program.commands.flatMap((one) => one.commands)])
    command.exitOverride().configureOutput({
      writeOut: (text) => io.write(text),
      writeErr: (text) => io.writeError(text),
      getOutHelpWidth: () => io.columns(),
      getErrHelpWidth: () => io.columns(),
      getOutHasColors: () => io.colors,
      getErrHasColors: () => io.colors,
    })
  return program
}
