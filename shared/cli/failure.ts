import { PlatformError, toPlatformError } from '@convergence/core/errors.ts'
import type { CliIo } from './io.ts'
import type { Style } from './render/style.ts'

/** Ends a command with an exit code when all that there is to say has been said. */
export class Exit extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`exit ${exitCode}`)
    this.exitCode = exitCode
  }
}

/** Exit code of somebody who left by Ctrl-C. */
export const LEFT = 130

/** What went wrong, for a person: one message, never a stack. What nobody foresaw is in the log. */
export const failureText = (thrown: unknown): string => {
  const error = toPlatformError(thrown)
  const foreseen = thrown instanceof PlatformError && thrown.code !== 'INTERNAL'
  return foreseen ? error.message : `unexpected: ${error.message} (details in .convergence/logs/convergence.log)`
}

export const tellFailure = (io: CliIo, style: Style, thrown: unknown): void =>
  io.writeError(`${style.red('error:')} ${failureText(thrown)}\n`)
