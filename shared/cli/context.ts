import type { CliIo } from './io.ts'
import { findProject, type Project } from './project.ts'
import { createStyle, type Style } from './render/style.ts'
import type { TableOptions } from './render/table.ts'

/** What every command works with. */
export interface CliContext {
  readonly io: CliIo
  readonly style: Style
  readonly print: (text: string) => void
  readonly project: (named: string | undefined) => Project
  readonly table: () => TableOptions
}

export const cliContext = (io: CliIo): CliContext => {
  const style = createStyle(io.colors)
  return {
    io,
    style,
    print: (text) => io.write(text.endsWith('\n') ? text : `${text}\n`),
    project: (named) => findProject(io.cwd, named),
    table: () => ({ style, width: io.isTerminal ? io.columns() : Number.POSITIVE_INFINITY }),
  }
}
