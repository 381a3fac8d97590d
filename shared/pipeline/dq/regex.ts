import { BadExpectation } from './bad-expectation.ts'

/**
 * Says what RE2 would refuse, before any scan: one bad pattern would fail the statement of all expectations.
 * The grammar is RE2's (github.com/google/re2/wiki/Syntax) as far as both engines have it; it allows at most 1,000 repetitions.
 */
const MAX_REPEAT = 1000
const UNICODE_CLASSES =
  'C[cfos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?|Any|Arabic|Armenian|Bengali|Bopomofo|Braille|Cherokee|Common|Coptic|Cyrillic|Devanagari|Ethiopic|Georgian|Greek|Gujarati|Gurmukhi|Han|Hangul|Hebrew|Hiragana|Inherited|Kannada|Katakana|Khmer|Lao|Latin|Malayalam|Mongolian|Myanmar|Sinhala|Syriac|Tamil|Telugu|Thaana|Thai|Tibetan'
const ESCAPES = new RegExp(
  String.raw`^\\(?:[dDsSwWbBAzCafnrtv]|0[0-7]{0,2}|[1-7][0-7]{1,2}|x[0-9A-Fa-f]{2}|x\{(?:10|0?[0-9A-Fa-f])?[0-9A-Fa-f]{1,4}\}|[pP](?:[CLMNPSZ]|\{\^?(?:${UNICODE_CLASSES})\})|[!-/:-@[-\x60{-~ ])`,
  'u',
)
const GROUP = /^\((?:\?P<([A-Za-z_]\w*)>|\?[imsU]*(?:-[imsU]+)?:|(?!\?))/
const FLAGS = /^\(\?(?:[imsU]*|[imsU]*-[imsU]+)\)/
const REPEAT = /^\{(\d+)(,(\d*))?\}/
const POSIX = /^\[:\^?(alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]/

export const checkRegex = (pattern: string): void => {
  const refuse = (at: number, why: string): never => {
    throw new BadExpectation(`regex ${JSON.stringify(pattern)}: ${why} at position ${at + 1} (RE2 syntax)`)
  }
  const names = new Set<string>()
  let depth = 0
  /** Nothing to repeat; an atom; an atom that is repeated already; repeated and made lazy. */
  let atom: 'none' | 'atom' | 'repeated' | 'lazy' = 'none'
  let at = 0
  while (at < pattern.length) {
    const rest = pattern.slice(at)
    if (rest.startsWith(String.raw`\Q`)) {
      const end = rest.indexOf(String.raw`\E`)
      // An empty quotation is nothing at all.
      if (rest.length > 2 && end !== 2) atom = 'atom'
      else if (atom !== 'none') atom = 'atom'
      at += end === -1 ? rest.length : end + 2
      continue
    }
    if (rest.startsWith('\\')) {
      at += (ESCAPES.exec(rest) ?? refuse(at, `invalid escape ${rest.slice(0, 2)}`))[0].length
      atom = 'atom'
      continue
    }
    if (rest.startsWith('(')) {
      const flags = FLAGS.exec(rest)
      const group = GROUP.exec(rest) ?? (flags ? undefined : refuse(at, `unsupported group ${rest.slice(0, 4)}`))
      if (group?.[1] !== undefined) {
        if (names.has(group[1])) refuse(at, `group name ${group[1]} is used twice`)
        names.add(group[1])
      }
      if (!flags) depth += 1
      at += (flags ?? group)![0].length
      // Flags stand between an atom and its repetition like nothing at all.
      if (!flags) atom = 'none'
      else if (atom !== 'none') atom = 'atom'
      continue
    }
    const repeat = REPEAT.exec(rest)
    if (repeat || /^[*+?]/.test(rest)) {
      if (repeat) {
        const low = Number(repeat[1])
        const high = repeat[3] ? Number(repeat[3]) : low
        if (low > MAX_REPEAT || high > MAX_REPEAT || high < low) refuse(at, `repetition ${repeat[0]} is not allowed`)
      }
      const lazy: boolean = atom === 'repeated' && rest.startsWith('?')
      if (!lazy && atom === 'none') refuse(at, `nothing to repeat before ${rest[0]}`)
      if (!lazy && atom !== 'atom') refuse(at, `a repetition of a repetition`)
      atom = lazy ? 'lazy' : 'repeated'
      at += repeat ? repeat[0].length : 1
      continue
    }
    if (rest.startsWith('[')) {
      at += classLength(rest, (offset, why) => refuse(at + offset, why))
      atom = 'atom'
      continue
    }
    if (rest.startsWith(')')) {
      if (depth === 0) refuse(at, 'unexpected )')
      depth -= 1
    }
    atom = rest.startsWith('|') ? 'none' : 'atom'
    at += 1
  }
  if (depth > 0) refuse(pattern.length, 'missing )')
}

const classLength = (text: string, refuse: (offset: number, why: string) => never): number => {
  let at = text.startsWith('[^') ? 2 : 1
  let first = true
  while (first || text[at] !== ']') {
    if (at >= text.length) refuse(0, 'missing ]')
    first = false
    const posix = POSIX.exec(text.slice(at))
    if (posix) {
      at += posix[0].length
      continue
    }
    if (text.startsWith('[:', at) && text.slice(at).includes(':]')) refuse(at, 'unknown character class')
    const low = classMember(text, at, refuse)
    at += low.length
    if (text[at] === '-' && text[at + 1] !== ']' && at + 1 < text.length) {
      const high = classMember(text, at + 1, refuse)
      if (low.code === undefined || high.code === undefined || high.code < low.code) refuse(at, 'bad character range')
      at += 1 + high.length
    }
  }
  return at + 1
}

/** `code` is undefined for a class like `\d`, which cannot end a range. */
const classMember = (
  text: string,
  at: number,
  refuse: (offset: number, why: string) => never,
): { length: number; code?: number | undefined } => {
  const rest = text.slice(at)
  if (!rest.startsWith('\\')) {
    const code = rest.codePointAt(0)!
    return { length: String.fromCodePoint(code).length, code }
  }
  const escape = (ESCAPES.exec(rest) ?? refuse(at, `invalid escape ${rest.slice(0, 2)}`))[0]
  if (/^\\[bBAzCQE]/.test(escape)) refuse(at, `${escape} inside a class`)
  return { length: escape.length, code: codeOf(escape) }
}

const CONTROL: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 }

const codeOf = (escape: string): number | undefined => {
  const body = escape.slice(1)
  if (/^[dDsSwWpP]/.test(body)) return undefined
  if (body.startsWith('x')) return Number.parseInt(body.replace(/[x{}]/g, ''), 16)
  if (/^[0-7]/.test(body)) return Number.parseInt(body, 8)
  return CONTROL[body] ?? body.codePointAt(0)
}
