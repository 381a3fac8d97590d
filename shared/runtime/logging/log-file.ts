import { closeSync, openSync, write } from 'node:fs'
import { Writable } from 'node:stream'
import { InvalidConfigError } from '@convergence/core/errors.ts'

/**
 * A file that lines are appended to. What cannot be written (the disk is full) is lost and told once on `tell`: a log must not end the
 * work that it is about. Throws InvalidConfigError when the file cannot be opened.
 */
export const openLogFile = (path: string, tell: (message: string) => void): Writable => {
  const file = open(path)
  let isTold = false
  return new Writable({
    decodeStrings: true,
    write: (chunk: Buffer, _encoding, done) => {
      write(file, chunk, (error) => {
        if (error && !isTold) tell(`log lines are lost: ${path} cannot be written (${error.message})\n`)
        isTold = error !== null
        done()
      })
    },
    final: (done) => {
      closeSync(file)
      done()
    },
  })
}

const open = (path: string): number => {
  try {
    return openSync(path, 'a', 0o600)
  } catch (error) {
    throw new InvalidConfigError(
      `the log file ${path} cannot be opened: ${(error as Error).message}; CONVERGENCE_LOG_FILE names another`,
    )
  }
}
