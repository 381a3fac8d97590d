import type { QueryParameter, TenantSql } from '@convergence/core/ports/warehouse.ts'
import type { Token } from '@convergence/core/sql/tokens.ts'
import type { FieldType, TableRef } from '@convergence/core/table.ts'
import { firstMark, firstSpan, unreadKeys, type Body } from './node.ts'
import type { Source } from './source.ts'

/** What is known of a value without the tables' schemas; undefined: only DuckDB knows, and a macro decides by type. */
export type Type = Exclude<FieldType, 'STRUCT' | 'BIGNUMERIC'> | 'INTERVAL'

export interface Expr {
  readonly sql: string
  readonly type?: Type | undefined
  /** A constant whose type follows its surroundings: `1.5` beside NUMERIC is NUMERIC. Its text. */
  readonly float?: string | undefined
  /** A constant string's value: formats and regular expressions must be constant. */
  readonly string?: string | undefined
  readonly isNull?: boolean | undefined
  /** Of an unknown type, but never BIGNUMERIC: what arithmetic gives. */
  readonly checked?: boolean | undefined
  /** 2^63, which is an INT64 only after a minus. */
  readonly beyond?: boolean | undefined
}

/** Values that an expression takes from outside a lambda: aggregates, windows, subqueries. */
export interface Frame {
  readonly name: string
  readonly parts: { name: string; reference: string; sql: string; aggregate: boolean }[]
}

/** Words whose every occurrence must have been read: what the parser drops silently would change the answer. */
const COUNTED = new Set(
  'SELECT DISTINCT IGNORE RESPECT LIMIT WHERE HAVING QUALIFY OVER UNION INTERSECT JOIN CASE WHEN PARTITION ORDER GROUP BETWEEN LIKE'.split(
    ' ',
  ),
)

/** State of one translation: what was read so far, and which names a FROM may use. */
export class Translation {
  readonly source: Source
  readonly #query: TenantSql
  readonly #seen = new Set<Token>()
  readonly #words = new Map<string, number>()
  readonly #ctes: string[] = []
  readonly #aliases: string[][] = []
  readonly #parameters = new Set<string>()
  readonly #tables = new Set<string>()
  #numbers = 0
  readonly #frames: Frame[] = []
  readonly #framed = new Set<string>()
  readonly #untyped = new Set<unknown>()
  #made = 0

  constructor(query: TenantSql, source: Source) {
    this.#query = query
    this.source = source
  }

  /** Throws: the construct, by name and position. */
  refuse(node: unknown, message: string, name?: string): never {
    throw this.source.error(this.#locate(node, name), message)
  }

  /** Refuses parts of a node that the translation does not know. */
  read(kind: string, body: Body, keys: readonly string[]): Body {
    const [unread] = unreadKeys(body, keys)
    if (unread !== undefined)
      this.refuse(body, `${title(unread)} of ${title(kind)} is not available in the embedded warehouse`)
    return body
  }

  count(...words: string[]): void {
    for (const word of words) this.#words.set(word, (this.#words.get(word) ?? 0) + 1)
  }

  countNumber(): void {
    this.#numbers += 1
  }

  /** Windows of the names given in WINDOW that have a frame. */
  defineFramed(name: string): void {
    this.#framed.add(name.toLowerCase())
  }

  isFramed(name: string): boolean {
    return this.#framed.has(name.toLowerCase())
  }

  withFrame<T>(work: () => T): { value: T; frame: Frame } {
    const frame: Frame = { name: `z${this.nextNumber()}`, parts: [] }
    this.#frames.push(frame)
    try {
      return { value: work(), frame }
    } finally {
      this.#frames.pop()
    }
  }

  /** Puts a value outside the expression that is being translated, and gives the text that stands for it. */
  hoist(sql: string, aggregate: boolean): string {
    const frame = this.#frames.at(-1)
    if (!frame) return sql
    const name = `v${frame.parts.length}`
    const reference = `${frame.name}['${name}']`
    frame.parts.push({ name, reference, sql, aggregate })
    return reference
  }

  /** A NULL that takes its type from the other side of a set operation. */
  leaveUntyped(node: unknown): void {
    this.#untyped.add(node)
  }

  isUntyped(node: unknown): boolean {
    return this.#untyped.has(node)
  }

  /** For names that the translation makes. */
  nextNumber(): number {
    return this.#made++
  }

  /** The token behind a mark, noted as read. */
  token(mark: string): Token | undefined {
    const token = this.source.tokenOf(mark)
    if (token) this.#seen.add(token)
    return token
  }

  /** A name as it was written. */
  name(identifier: unknown): string {
    const text = (identifier as Body | undefined)?.name
    if (typeof text !== 'string') return this.refuse(identifier, 'a name is expected here')
    return this.token(text)?.value ?? text
  }

  parameter(token: Token): QueryParameter {
    const parameter = this.#query.parameters.find((one) => one.name === token.value)
    if (!parameter) throw this.source.error(token, `there is no parameter @${token.value}`)
    this.#parameters.add(parameter.name)
    return parameter
  }

  table(token: Token): TableRef {
    const table = Object.hasOwn(this.#query.tables, token.value) ? this.#query.tables[token.value] : undefined
    if (!table) throw this.source.error(token, `${token.text} is not a table of this query`)
    this.#tables.add(token.value)
    return table
  }

  /** Works with more names of common table expressions. */
  withCtes<T>(work: (define: (name: string) => void) => T): T {
    const depth = this.#ctes.length
    try {
      return work((name) => this.#ctes.push(name.toLowerCase()))
    } finally {
      this.#ctes.length = depth
    }
  }

  isCte(name: string): boolean {
    return this.#ctes.includes(name.toLowerCase())
  }

  /** Works inside one SELECT, whose FROM defines aliases; those of the SELECTs around it stay visible. */
  withAliases<T>(work: () => T): T {
    this.#aliases.push([])
    try {
      return work()
    } finally {
      this.#aliases.pop()
    }
  }

  defineAlias(name: string): void {
    this.#aliases.at(-1)?.push(name.toLowerCase())
  }

  isAlias(name: string): boolean {
    return this.#aliases.some((names) => names.includes(name.toLowerCase()))
  }

  /** Refuses when something of the text was not read: then the parser dropped it. */
  finish(): { parameters: QueryParameter[]; tables: TableRef[] } {
    const marked = this.source.tokens.filter((token) =>
      ['string', 'bytes', 'quoted', 'parameter', 'template'].includes(token.kind),
    )
    const dropped = marked.find((token) => !this.#seen.has(token)) ?? this.#droppedWord()
    if (dropped) throw this.source.error(dropped, `${dropped.text} is not available here in the embedded warehouse`)
    return {
      parameters: this.#query.parameters.filter((one) => this.#parameters.has(one.name)),
      tables: [...this.#tables].map((name) => this.#query.tables[name]).filter((table) => table !== undefined),
    }
  }

  #droppedWord(): Token | undefined {
    for (const word of COUNTED) {
      const tokens = this.source.tokens.filter((token) => token.kind === 'word' && token.text.toUpperCase() === word)
      if (tokens.length !== (this.#words.get(word) ?? 0)) return tokens[0] ?? this.source.tokens[0]
    }
    const numbers = this.source.tokens.filter((token) => token.kind === 'number')
    return numbers.length === this.#numbers ? undefined : numbers[0]
  }

  #locate(node: unknown, name: string | undefined): Token | undefined {
    const span = firstSpan(node)
    const mark = firstMark(node)
    const inside = span === undefined ? this.source.tokenOf(mark ?? '') : this.source.tokenAt(span)
    if (name === undefined) return inside
    const named = this.source.tokens.filter((token) => token.text.toUpperCase() === name.toUpperCase())
    return named.findLast((token) => inside !== undefined && token.start <= inside.start) ?? named[0] ?? inside
  }
}

/** `json_type` as `JSON TYPE`, for messages. */
export const title = (kind: string): string => kind.replaceAll('_', ' ').trim().toUpperCase()
