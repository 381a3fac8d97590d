/** DuckDB's message in its parts: `Binder Error: sentence … LINE 1: excerpt` over a caret. */
export interface ErrorText {
  /** `Binder`, `Conversion`, …; empty when there is none. */
  readonly kind: string
  /** Without its class, and without the statement's text. */
  readonly body: string
  /** Where the statement is wrong, as an offset in it. */
  readonly at?: number | undefined
}

export const readErrorText = (message: string, statement: string): ErrorText => {
  const [, kind = '', rest = message] = /^((?:[A-Za-z]+ )+)Error: ([\s\S]*)$/.exec(message) ?? []
  const excerpt = /\n\s*LINE \d+: (.*)\n( *)\^\s*$/.exec(rest)
  const body = excerpt ? rest.slice(0, excerpt.index) : rest
  return { kind: kind.trim(), body: body.trim(), at: excerpt ? offsetOf(excerpt, statement) : undefined }
}

/** The excerpt begins and ends with `...` where it was cut; the caret stands below the place that is meant. */
const offsetOf = ([line = '', excerpt = '', spaces = '']: RegExpExecArray, statement: string): number | undefined => {
  const text = excerpt.replace(/^\.\.\./, '').replace(/\.\.\.$/, '')
  const start = statement.indexOf(text)
  const before = line.indexOf(excerpt) - line.lastIndexOf('\n', line.indexOf(excerpt)) - 1
  const cut = excerpt.startsWith('...') ? 3 : 0
  return start < 0 ? undefined : start + spaces.length - before - cut
}

const TYPES: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\b(?:TIMESTAMP WITH TIME ZONE|TIMESTAMPTZ)\b/g, '\0'],
  [/\bTIMESTAMP\b/g, 'DATETIME'],
  [/\0/g, 'TIMESTAMP'],
  [/\b(?:BIGINT|HUGEINT|INTEGER|INTEGER_LITERAL)\b/g, 'INT64'],
  [/\bDOUBLE\b/g, 'FLOAT64'],
  [/\b(?:VARCHAR|STRING_LITERAL)\b/g, 'STRING'],
  [/\bDECIMAL(?:\(\d+(?:,\s*\d+)?\))?/g, 'NUMERIC'],
  [/\bBOOLEAN\b/g, 'BOOL'],
  [/\bBLOB\b/g, 'BYTES'],
  [/\b([A-Z0-9]+)\[\]/g, 'ARRAY<$1>'],
]

/** DuckDB's type names, in a text, as BigQuery's. */
export const googleTypes = (text: string): string =>
  TYPES.reduce((result, [pattern, name]) => result.replace(pattern, name), text)
