/**
 * Unified diffs, as `git diff` and `diff -u` write them, applied to texts in memory. Strictly: each hunk's old lines must stand in the
 * file, at the line that it names or else in one place only; nothing is guessed.
 */
export interface FilePatch {
  /** From the root of the repository. */
  readonly path: string
  readonly hunks: readonly Hunk[]
}

interface Hunk {
  /** As the patch writes it, for messages. */
  readonly title: string
  /** 1 is the first. */
  readonly line: number
  readonly before: readonly string[]
  readonly after: readonly string[]
}

/** Throws when it is no patch. */
export const parsePatch = (text: string, name: string): FilePatch[] => {
  const files: { path: string; hunks: Hunk[] }[] = []
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    const file = /^\+\+\+ (?:b\/)?(\S+)/.exec(line)
    if (file && lines[at - 1]?.startsWith('--- ')) files.push({ path: file[1] ?? '', hunks: [] })
    const head = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line)
    if (!head) continue
    const current = files.at(-1)
    if (!current) throw new Error(`${name}: ${head[0]} stands before any file`)
    const counts = { before: Number(head[2] ?? 1), after: Number(head[3] ?? 1) }
    const { hunk, last } = readHunk(lines, at, { title: head[0], line: Number(head[1]), ...counts }, name)
    current.hunks.push(hunk)
    at = last
  }
  if (files.length === 0 || files.some(({ hunks }) => hunks.length === 0))
    throw new Error(`${name} is no unified diff of a file: make one with git diff`)
  return files
}

const readHunk = (
  lines: readonly string[],
  headAt: number,
  head: { title: string; line: number; before: number; after: number },
  name: string,
): { hunk: Hunk; last: number } => {
  const before: string[] = []
  const after: string[] = []
  let at = headAt
  while (before.length < head.before || after.length < head.after) {
    const line = lines[++at]
    // An empty line of the context: editors cut the blank at its beginning. The last is the end of the text.
    const kind = line === '' && at < lines.length - 1 ? ' ' : line?.[0]
    if (line === undefined || (kind !== ' ' && kind !== '-' && kind !== '+'))
      throw new Error(`${name}: hunk ${head.title} ends early`)
    if (kind !== '+') before.push(line.slice(1))
    if (kind !== '-') after.push(line.slice(1))
  }
  return { hunk: { title: head.title, line: head.line, before, after }, last: at }
}

/** The text with all hunks. Throws an error that names file and hunk where one does not apply. */
export const applyPatch = (source: string, { path, hunks }: FilePatch, name: string): string => {
  let lines = source.split('\n')
  let moved = 0
  for (const { title, line, before, after } of hunks) {
    const at = placeOf(lines, before, line - 1 + moved)
    if (at === undefined) throw new Error(`${name}: hunk ${title} does not apply to ${path}`)
    lines = [...lines.slice(0, at), ...after, ...lines.slice(at + before.length)]
    moved += after.length - before.length
  }
  return lines.join('\n')
}

const placeOf = (lines: readonly string[], wanted: readonly string[], expected: number): number | undefined => {
  const standsAt = (at: number): boolean => wanted.every((line, index) => lines[at + index] === line)
  if (standsAt(expected)) return expected
  const places = lines.flatMap((_, at) => (standsAt(at) ? [at] : []))
  return places.length === 1 ? places[0] : undefined
}
