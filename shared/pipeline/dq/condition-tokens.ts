import { BadExpectation } from './bad-expectation.ts'

export interface Token {
  readonly kind: 'word' | 'quoted' | 'number' | 'string' | 'symbol' | 'end'
  readonly text: string
  readonly at: number
}

const NUMBER = /^(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])/
const WORD = /^[A-Za-z_]\w*/
const QUOTED = /^`([^`\\]+)`/
const STRING = /^(?:'((?:[^'\\\n]|\\['"\\`%_nrt])*)'|"((?:[^"\\\n]|\\['"\\`%_nrt])*)")/
const SYMBOL = /^(?:<=|>=|<>|!=|\|\||[=<>(),+*/.-])/
const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/** A condition that is not understood is refused with its position, counted from 1. */
export const refuse = (at: number, why: string): never => {
  throw new BadExpectation(`row_condition, position ${at + 1}: ${why}`)
}

export const tokensOf = (text: string): Token[] => {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const space = /^\s+/.exec(text.slice(at))
    if (space) {
      at += space[0].length
      continue
    }
    const [token, length] = readToken(text.slice(at), at)
    tokens.push(token)
    at += length
  }
  return [...tokens, { kind: 'end', text: '', at: text.length }]
}

const readToken = (rest: string, at: number): [Token, number] => {
  const string = STRING.exec(rest)
  if (string) return [{ kind: 'string', text: unescape(string[1] ?? string[2] ?? ''), at }, string[0].length]
  const quoted = QUOTED.exec(rest)
  if (quoted) return [{ kind: 'quoted', text: quoted[1]!, at }, quoted[0].length]
  if (/^['"`]/.test(rest))
    refuse(at, `this ${rest[0]} does not begin a text or a name (escapes: \\\\ \\' \\" \\n \\r \\t)`)
  if (/^(?:--|\/\*|#)/.test(rest)) refuse(at, 'comments are not supported')
  const number = NUMBER.exec(rest)
  if (number) return [{ kind: 'number', text: number[0], at }, number[0].length]
  const word = WORD.exec(rest)
  if (word) return [{ kind: 'word', text: word[0], at }, word[0].length]
  const symbol =
    SYMBOL.exec(rest) ?? refuse(at, `unexpected ${JSON.stringify(String.fromCodePoint(rest.codePointAt(0)!))}`)
  return [{ kind: 'symbol', text: symbol[0], at }, symbol[0].length]
}

/** `\%` and `\_` stay as they are: LIKE reads them. */
const unescape = (text: string): string =>
  text.replace(/\\(.)/g, (all, one: string) => (/[%_]/.test(one) ? all : (ESCAPED[one] ?? one)))
