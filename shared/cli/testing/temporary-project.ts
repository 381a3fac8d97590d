import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli } from '../run-cli.ts'
import { testIo } from './test-io.ts'

interface Told {
  readonly exitCode: number
  readonly out: string
  readonly err: string
}

export interface TemporaryProject {
  readonly folder: string
  /** Runs a command line in the folder. */
  cli(...argv: readonly string[]): Promise<Told>
  remove(): void
}

export const temporaryProject = (): TemporaryProject => {
  const folder = mkdtempSync(join(tmpdir(), 'convergence-cli-'))
  return {
    folder,
    cli: async (...argv) => {
      const io = testIo({ cwd: folder })
      const exitCode = await runCli(argv, io)
      return { exitCode, out: io.out(), err: io.err() }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
