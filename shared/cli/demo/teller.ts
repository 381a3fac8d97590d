import type { CliContext } from '../context.ts'
import { wrap } from '../render/paragraph.ts'

/** Wider lines are hard to read. */
const MAX_WIDTH = 100

export interface Teller {
  /** Begins a numbered part. */
  readonly head: (title: string) => void
  /** A paragraph, and an empty line. */
  readonly say: (text: string) => void
}

/** Headed paragraphs. */
export const createTeller = ({ io, style, print }: CliContext): Teller => {
  let part = 0
  return {
    head: (title) => {
      part++
      print(`\n${style.bold(`${part}. ${title}`)}\n`)
    },
    say: (text) => print(`${wrap(text, Math.min(MAX_WIDTH, io.columns()))}\n`),
  }
}
