import { CommanderError } from '@commander-js/extra-typings'
import { cliContext } from './context.ts'
import { Exit, tellFailure } from './failure.ts'
import type { CliIo } from './io.ts'
import { createProgram } from './program.ts'

/** Runs one command line (without node and script); resolves with the exit code. Never throws. */
export const runCli = async (argv: readonly string[], io: CliIo): Promise<number> => {
  const context = cliContext(io)
  try {
    await createProgram(context).parseAsync([...argv], { from: 'user' })
    return 0
  } catch (thrown) {
    if (thrown instanceof Exit) return thrown.exitCode
    // Help and version end by an error of their own; what is wrong with the arguments commander has told.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2
    tellFailure(io, context.style, thrown)
    return 1
  }
}
