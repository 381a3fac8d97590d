import { InvalidInputError } from '../errors.ts'

/** Tokens of GoogleSQL text, with positions: what is a string, a comment, a parameter or a table template is decided here alone. */
type TokenKind = 'word' | 'quoted' | 'string' | 'bytes' | 'number' | 'parameter' | 'template' | 'symbol'

export interface Token {
  readonly kind: TokenKind
  /** As it stands in the text. */
  readonly text: string
  /** Name of a quoted identifier, parameter or template; value of a string, escapes resolved; BYTES as hex. */
  readonly value: string
  /** Offset of its first UTF-16 unit. */
  readonly start: number
  readonly end: number
}

/** `line:column`, both from 1, of an offset in the text. */
export const positionOf = (text: string, offset: number): string => {
  const before = text.slice(0, offset).split('\n')
  return `${before.length}:${Array.from(before.at(-1) ?? '').length + 1}`
}

export const sqlError = (text: string, offset: number, message: string): InvalidInputError => {
  const [line, column] = positionOf(text, offset).split(':').map(Number)
  return new InvalidInputError(`SQL ${line}:${column}: ${message}`, { details: { line, column } })
}

const SPACE = /(?:\s+|--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)+/y
const STRING_START = /(?:[rR][bB]?|[bB][rR]?)?('''|"""|'|")/y
const NUMBER = /0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y
const PARAMETER = /@([A-Za-z_][A-Za-z0-9_]*)/y
const TEMPLATE = /\{\{([\s\S]*?)\}\}/y

/** Throws InvalidInputError with the position of what is no token (an open string, a stray character). */
export const tokenize = (text: string): Token[] => {
  const tokens: Token[] = []
  let at = 0
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    return pattern.exec(text)
  }
  for (;;) {
    at += match(SPACE)?.[0].length ?? 0
    if (at >= text.length) return tokens
    const token = readString(text, at, match(STRING_START)) ?? readPlain(text, at, match)
    tokens.push(token)
    at = token.end
  }
}

const readPlain = (text: string, start: number, match: (pattern: RegExp) => RegExpExecArray | null): Token => {
  const token = (kind: TokenKind, length: number, value?: string): Token => {
    const raw = text.slice(start, start + length)
    return { kind, text: raw, value: value ?? raw, start, end: start + length }
  }
  if (text.startsWith('/*', start)) throw sqlError(text, start, 'this comment is never closed')
  if (text[start] === '`') return readQuoted(text, start)
  const template = match(TEMPLATE)
  if (template) return token('template', template[0].length, (template[1] ?? '').trim())
  if (text.startsWith('{{', start)) throw sqlError(text, start, 'this template is never closed with }}')
  const parameter = match(PARAMETER)
  if (parameter) return token('parameter', parameter[0].length, parameter[1])
  const word = match(WORD)
  if (word) return token('word', word[0].length)
  const number = match(NUMBER)
  if (number) return token('number', number[0].length)
  const character = String.fromCodePoint(text.codePointAt(start) ?? 0)
  if (!'()[]<>=!+-*/|&^~,.:;?@{}$%'.includes(character))
    throw sqlError(text, start, `unexpected character ${JSON.stringify(character)}`)
  return token('symbol', character.length)
}

const readQuoted = (text: string, start: number): Token => {
  const end = text.indexOf('`', start + 1)
  const value = text.slice(start + 1, end)
  if (end < 0 || value.includes('\n')) throw sqlError(text, start, 'this quoted name is never closed')
  if (value === '' || value.includes('\\'))
    throw sqlError(text, start, 'a quoted name must not be empty or hold escapes')
  return { kind: 'quoted', text: text.slice(start, end + 1), value, start, end: end + 1 }
}

const readString = (text: string, start: number, opening: RegExpExecArray | null): Token | undefined => {
  if (!opening) return undefined
  const [open, quote = ''] = opening
  const prefix = open.slice(0, open.length - quote.length).toLowerCase()
  const raw = prefix.includes('r')
  let at = start + open.length
  let value = ''
  while (!text.startsWith(quote, at)) {
    if (at >= text.length || (quote.length === 1 && text[at] === '\n'))
      throw sqlError(text, start, 'this string is never closed')
    if (text[at] !== '\\') value += text[at++]
    else if (raw) {
      value += text.slice(at, at + 2)
      at += 2
    } else {
      const escape = readEscape(text, at, prefix.includes('b'))
      value += escape.value
      at += escape.length
    }
  }
  const end = at + quote.length
  const bytes = prefix.includes('b')
  return {
    kind: bytes ? 'bytes' : 'string',
    text: text.slice(start, end),
    value: bytes ? toHex(value) : value,
    start,
    end,
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '?': '?',
  '"': '"',
  "'": "'",
  '`': '`',
}
const CODE_ESCAPE = /\\(?:[xX]([0-9a-fA-F]{2})|([0-3][0-7]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y

const readEscape = (text: string, at: number, bytes: boolean): { value: string; length: number } => {
  const simple = ESCAPES[text[at + 1] ?? '']
  if (simple !== undefined) return { value: simple, length: 2 }
  CODE_ESCAPE.lastIndex = at
  const code = CODE_ESCAPE.exec(text)
  const unicode = code?.[3] ?? code?.[4]
  const point = code?.[2] ? Number.parseInt(code[2], 8) : Number.parseInt(code?.[1] ?? unicode ?? 'NaN', 16)
  const valid = code && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff) && !(bytes && unicode)
  if (!valid) throw sqlError(text, at, `${JSON.stringify(text.slice(at, at + 2))} is not an escape of GoogleSQL`)
  // A byte above 127 is kept as its own code unit, marked by the private range, so that it differs from the character of that number.
  return {
    value: bytes && point > 127 ? String.fromCharCode(BYTE_MARK + point) : String.fromCodePoint(point),
    length: code[0].length,
  }
}

const BYTE_MARK = 0xf700

const toHex = (value: string): string =>
  Array.from(value)
    .map((character) => {
      const point = character.codePointAt(0) ?? 0
      return point > BYTE_MARK + 127 && point < BYTE_MARK + 256
        ? Buffer.from([point - BYTE_MARK]).toString('hex')
        : Buffer.from(character).toString('hex')
    })
    .join('')
