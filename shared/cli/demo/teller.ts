import type { CliContext } from '../context.ts'
import { wrap } from '../render/paragraph.ts'

/** Wider lines are hard to read. */
const MAX_WIDTH = 100

export interface Teller {
  /** Begins a numbered part. */
  readonly head: (title: string) => void
  /** A paragraph, and an empty line. */
  readonly say: (text: string) => void
  /** A table or the like as it stands, and an empty line. */
  readonly show: (text: string) => void
}

/** Headed paragraphs. */
export const createTeller = ({ io, style, print }: CliContext): Teller => {
  let part = 0
  return {
    head: (title) => {
      part++
      print(style.bold(`${part}. ${title}`))
    },
    say: (text) => print(`${wrap(text, Math.min(MAX_WIDTH, io.columns()))}\n`),
    show: (text) => print(`${text}\n`),
  }
}
