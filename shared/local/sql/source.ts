import type { InvalidInputError } from '@convergence/core/errors.ts'
import { sqlError, tokenize, type Token } from '@convergence/core/sql/tokens.ts'

/**
 * The tenant's text as the parser gets it: every string, quoted name, parameter and template is a mark, `#` and the token's number.
 * So the parser cannot change a value, a name cannot be taken for something else, and what it drops or doubles is found (`leftOver`).
 */
export interface Source {
  readonly text: string
  readonly tokens: readonly Token[]
  /** What the parser reads: ASCII, without comments. */
  readonly masked: string
  /** The token that starts at, or before, an offset of `masked`. */
  readonly tokenAt: (offset: number) => Token | undefined
  /** The token of a mark; undefined when the text is none. */
  readonly tokenOf: (mark: string) => Token | undefined
  readonly error: (token: Token | undefined, message: string) => InvalidInputError
}

const MARKS: Readonly<Record<string, (mark: string) => string>> = {
  string: (mark) => `'${mark}'`,
  bytes: (mark) => `b'${mark}'`,
  quoted: (mark) => `\`${mark}\``,
  parameter: (mark) => `\`${mark}\``,
  template: (mark) => `\`${mark}\``,
}

export const readSource = (text: string): Source => {
  const tokens = withoutFinalSemicolon(tokenize(text))
  const starts: number[] = []
  let masked = ''
  for (const [index, token] of tokens.entries()) {
    const previous = tokens[index - 1]
    if (previous && previous.end < token.start) masked += ' '
    starts.push(masked.length)
    masked += MARKS[token.kind]?.(`#${index}`) ?? token.text
  }
  const tokenAt = (offset: number): Token | undefined => tokens[starts.findLastIndex((start) => start <= offset)]
  const tokenOf = (mark: string): Token | undefined => (/^#\d+$/.test(mark) ? tokens[Number(mark.slice(1))] : undefined)
  return {
    text,
    tokens,
    masked,
    tokenAt,
    tokenOf,
    error: (token, message) => sqlError(text, token?.start ?? 0, message),
  }
}

const withoutFinalSemicolon = (tokens: Token[]): Token[] => (tokens.at(-1)?.text === ';' ? tokens.slice(0, -1) : tokens)
