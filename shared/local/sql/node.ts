/** The parser's tree: an object with one key, its kind; the value holds its parts. */
export type Body = Readonly<Record<string, unknown>>
export type Node = Readonly<Record<string, unknown>>

/** Kept by the parser for printing only; nothing of it changes what a query means. */
const PRINTING = new Set([
  'span',
  'comments',
  'leading_comments',
  'trailing_comments',
  'left_comments',
  'operator_comments',
  'pre_alias_comments',
  'inferred_type',
  'original_name',
  'alias_explicit_as',
  'alias_keyword',
  'alias_first',
  'kind_text',
  'start_side_text',
  'end_side_text',
  'bracket_notation',
  'explicit_asc',
  'use_inner_keyword',
  'use_outer_keyword',
  'nesting_group',
  'join_mark',
])

export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isAbsent = (value: unknown): boolean =>
  value === undefined || value === null || value === false || (Array.isArray(value) && value.length === 0)

export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** Kind and body of a node; undefined for what is none. */
export const kindOf = (node: unknown): { kind: string; body: Body } | undefined => {
  if (!isNode(node)) return undefined
  const entries = Object.entries(node).filter(([key]) => key !== 'inferred_type')
  const [kind, body] = entries[0] ?? []
  if (entries.length !== 1 || kind === undefined) return undefined
  return { kind, body: isNode(body) ? body : {} }
}

/** Keys of a body that carry meaning and are not among those that the reader handles. */
export const unreadKeys = (body: Body, read: readonly string[]): string[] =>
  Object.keys(body).filter((key) => !read.includes(key) && !PRINTING.has(key) && !isAbsent(body[key]))

/** The first offset that the parser noted somewhere in a tree. */
export const firstSpan = (value: unknown): number | undefined => {
  if (Array.isArray(value)) return first(value)
  if (!isNode(value)) return undefined
  const { span } = value
  if (isNode(span) && typeof span.start === 'number') return span.start
  return first(Object.values(value))
}

/** The first mark (`#12`) somewhere in a tree. */
export const firstMark = (value: unknown): string | undefined => {
  if (typeof value === 'string') return /^#\d+$/.test(value) ? value : undefined
  if (Array.isArray(value) || isNode(value)) {
    for (const part of Object.values(value)) {
      const mark = firstMark(part)
      if (mark !== undefined) return mark
    }
  }
  return undefined
}

const first = (values: readonly unknown[]): number | undefined => {
  const spans = values.map(firstSpan).filter((span) => span !== undefined)
  return spans.length > 0 ? Math.min(...spans) : undefined
}
