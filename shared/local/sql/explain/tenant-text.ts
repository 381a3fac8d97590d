import { positionOf, tokenize, type Token } from '@convergence/core/sql/tokens.ts'
import type { ErrorText } from './error-text.ts'

/** Finds in the tenant's own text what DuckDB says of the translated one. */
export class TenantText {
  readonly #text: string
  readonly #tokens: readonly Token[]
  readonly #statement: string
  readonly #at: number | undefined

  constructor(text: string, statement: string, { at }: ErrorText) {
    this.#text = text
    this.#tokens = tokenize(text)
    this.#statement = statement
    this.#at = at
  }

  /** `SQL 2:3: `, or nothing where the place is not known. */
  prefix(token: Token | undefined): string {
    return token ? `SQL ${positionOf(this.#text, token.start)}: ` : ''
  }

  /** A column or table, by name. Where it stands several times, the one that the translated statement has at the place of the error. */
  name(name: string): Token | undefined {
    const same = (one: Token): boolean =>
      (one.kind === 'word' || one.kind === 'quoted') && one.value.toLowerCase() === name.toLowerCase()
    const found = this.#tokens.filter(same)
    const places = this.#places(name)
    const nth = this.#at === undefined || places.length !== found.length ? 0 : places.findIndex((at) => at >= this.#at!)
    return found[Math.max(nth, 0)]
  }

  /** The first name of the expression at the place of the error. */
  firstName(): Token | undefined {
    const [name] = this.namesAtError().filter((one) => this.name(one) !== undefined)
    return name === undefined ? undefined : this.name(name)
  }

  isAlias(name: string): boolean {
    return this.#tokens.some(
      (one, index) =>
        one.value.toLowerCase() === name.toLowerCase() &&
        (/^AS$/i.test(this.#tokens[index - 1]?.text ?? '') || this.#tokens[index - 1]?.kind === 'template'),
    )
  }

  string(value: string): Token | undefined {
    return this.#tokens.find((one) => one.kind === 'string' && one.value === value)
  }

  /** A word or operator, if it stands there once: else nobody can tell which one is meant. */
  only(word: RegExp): Token | undefined {
    const found = this.#tokens.filter((one) => one.kind !== 'string' && word.test(one.text))
    return found.length === 1 ? found[0] : undefined
  }

  /** A word as it is written there. */
  written(word: RegExp): string | undefined {
    return this.#tokens.find((one) => one.kind !== 'string' && word.test(one.text))?.text.toUpperCase()
  }

  /** `dataset.table` of a template whose table has this name. */
  table(name: string): Token | undefined {
    return this.#tokens.find((one) => one.kind === 'template' && one.value.endsWith(`.${name}`))
  }

  /** The names that the translated statement has in the expression at the place of the error. */
  namesAtError(): string[] {
    if (this.#at === undefined) return []
    const names = expressionAt(this.#statement, this.#at).matchAll(/"((?:[^"]|"")+)"/g)
    return [...names].map(([, name = '']) => name.replaceAll('""', '"'))
  }

  #places(name: string): number[] {
    const quoted = `"${name.replaceAll('"', '""')}"`.toLowerCase()
    const statement = this.#statement.toLowerCase()
    const places: number[] = []
    for (let at = statement.indexOf(quoted); at >= 0; at = statement.indexOf(quoted, at + 1)) places.push(at)
    return places
  }
}

/** Up to the end of the parentheses that open first. */
const expressionAt = (statement: string, start: number): string => {
  let depth = 0
  for (let at = start; at < statement.length; at++) {
    if (statement[at] === '(') depth++
    if (statement[at] === ')' && --depth <= 0) return statement.slice(start, at + 1)
  }
  return statement.slice(start)
}
