import { didYouMean } from '@convergence/core/config/suggest.ts'
import type { TableSchema } from '@convergence/core/table.ts'
import { comparePair, compareWith, isOneOf, type Comparing, type Operator, type Scalar } from './compare.ts'
import { FUNCTIONS } from './condition-functions.ts'
import { refuse, tokensOf, type Token } from './condition-tokens.ts'
import { isNumeric, kindOf, numberField, typeText, type Operand } from './operand.ts'
import { checkLikePattern } from './patterns.ts'

/** A literal that waits for the column it is compared with, a value in SQL, or a truth. */
type Term =
  | { readonly is: 'literal'; readonly value: string | boolean | null; readonly numeric: boolean; readonly at: number }
  | { readonly is: 'value'; readonly operand: Operand; readonly at: number }
  | { readonly is: 'truth'; readonly sql: string; readonly at: number }

export interface ConditionContext extends Comparing {
  readonly schema: TableSchema
}

/** Parentheses and NOTs within each other. */
const MAX_DEPTH = 50
const WORDS = new Set([
  'AND',
  'OR',
  'NOT',
  'IS',
  'NULL',
  'TRUE',
  'FALSE',
  'IN',
  'BETWEEN',
  'LIKE',
  'CASE',
  'SELECT',
  'CAST',
  'EXISTS',
  'DATE',
  'TIMESTAMP',
  'DATETIME',
])
const COMPARISONS: Readonly<Record<string, Operator | '<>'>> = {
  '=': '=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
  '<>': '<>',
  '!=': '<>',
}

/**
 * A boolean GoogleSQL expression over the table's columns as native SQL: read by an allow-list, its names quoted and its values bound
 * by us; three-valued, as SQL is. Throws BadExpectation with the position of what is not supported.
 */
export const compileCondition = (text: string, context: ConditionContext): string => {
  const parser = new ConditionParser(tokensOf(text), { ...context, tolerant: false })
  return parser.whole()
}

class ConditionParser {
  #at = 0
  #depth = 0
  readonly #tokens: readonly Token[]
  readonly #by: ConditionContext

  constructor(tokens: readonly Token[], by: ConditionContext) {
    this.#tokens = tokens
    this.#by = by
  }

  whole(): string {
    const sql = this.#truth(this.#or())
    if (this.#next.kind !== 'end') refuse(this.#next.at, `unexpected ${this.#next.text}`)
    return sql
  }

  get #next(): Token {
    return this.#tokens[this.#at]!
  }

  #take(...texts: string[]): Token | undefined {
    const token = this.#next
    const text = token.kind === 'word' ? token.text.toUpperCase() : token.kind === 'symbol' ? token.text : ''
    if (!texts.includes(text)) return undefined
    this.#at += 1
    return token
  }

  #expect(text: string): void {
    if (!this.#take(text))
      refuse(this.#next.at, `expected ${text}${this.#next.text === '' ? '' : `, not ${this.#next.text}`}`)
  }

  #or(): Term {
    let left = this.#and()
    for (let token = this.#take('OR'); token; token = this.#take('OR'))
      left = { is: 'truth', sql: `(${this.#truth(left)} OR ${this.#truth(this.#and())})`, at: token.at }
    return left
  }

  #and(): Term {
    let left = this.#not()
    for (let token = this.#take('AND'); token; token = this.#take('AND'))
      left = { is: 'truth', sql: `(${this.#truth(left)} AND ${this.#truth(this.#not())})`, at: token.at }
    return left
  }

  #not(): Term {
    const token = this.#take('NOT')
    if (!token) return this.#predicate()
    return this.#nested(token.at, () => ({ is: 'truth', sql: `(NOT ${this.#truth(this.#not())})`, at: token.at }))
  }

  #nested(at: number, read: () => Term): Term {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) refuse(at, `more than ${MAX_DEPTH} levels`)
    const term = read()
    this.#depth -= 1
    return term
  }

  #predicate(): Term {
    const left = this.#sum()
    const { at } = this.#next
    const comparison = this.#take(...Object.keys(COMPARISONS))
    if (comparison) return this.#compared(left, COMPARISONS[comparison.text]!, this.#sum(), at)
    if (this.#take('IS')) return this.#is(left, at)
    const not = this.#take('NOT') !== undefined
    const sql = this.#membership(left, at)
    if (sql === undefined) return not ? refuse(this.#next.at, 'expected IN, BETWEEN or LIKE after NOT') : left
    return { is: 'truth', sql: not ? `(NOT (${sql}))` : `(${sql})`, at }
  }

  #is(left: Term, at: number): Term {
    const not = this.#take('NOT') ? 'NOT ' : ''
    const word = this.#take('NULL', 'TRUE', 'FALSE') ?? refuse(this.#next.at, 'expected NULL, TRUE or FALSE after IS')
    const wanted = word.text.toUpperCase()
    const sql = wanted === 'NULL' && left.is === 'value' ? left.operand.sql : this.#truth(left)
    return { is: 'truth', sql: `(${sql} IS ${not}${wanted})`, at }
  }

  /** IN, BETWEEN or LIKE, without a NOT before it. */
  #membership(left: Term, at: number): string | undefined {
    if (this.#take('IN')) return this.#in(this.#value(left))
    if (this.#take('BETWEEN')) {
      const low = this.#sum()
      this.#expect('AND')
      const high = this.#sum()
      return `${this.#truth(this.#compared(left, '>=', low, at))} AND ${this.#truth(this.#compared(left, '<=', high, at))}`
    }
    if (!this.#take('LIKE')) return undefined
    const pattern = this.#text('LIKE')
    checkLikePattern(pattern)
    return this.#by.dialect.like(this.#ofText(left, 'LIKE'), this.#by.parameters.bind(pattern, { type: 'STRING' }))
  }

  #in(left: Operand): string {
    this.#expect('(')
    const values: Scalar[] = []
    let withNull = false
    do {
      const term = this.#sum()
      if (term.is !== 'literal') return refuse(term.at, 'IN takes literals only')
      if (term.value === null) withNull = true
      else values.push(scalarFor(term, left))
    } while (this.#take(','))
    this.#expect(')')
    const found = isOneOf(left, values, this.#by)
    // Not found among values of which one is NULL: unknown, not false.
    return withNull ? `(${found} OR NULL)` : found
  }

  #compared(left: Term, operator: Operator | '<>', right: Term, at: number): Term {
    if (operator === '<>') return { is: 'truth', sql: `(NOT ${this.#truth(this.#compared(left, '=', right, at))})`, at }
    if (left.is === 'literal' && right.is === 'literal') return refuse(at, 'compares two literals: name a column')
    if (left.is === 'literal') return this.#compared(right, mirrored(operator), left, at)
    if (right.is === 'literal' && right.value === null)
      return refuse(right.at, 'a comparison with NULL is never true: write IS NULL')
    const operand = this.#value(left)
    const sql = this.#located(at, () =>
      right.is === 'literal'
        ? compareWith(operand, operator, scalarFor(right, operand), this.#by)
        : comparePair(operand, operator, this.#value(right), this.#by),
    )
    return { is: 'truth', sql: `(${sql})`, at }
  }

  #located<T>(at: number, work: () => T): T {
    try {
      return work()
    } catch (error) {
      return refuse(at, error instanceof Error ? error.message : String(error))
    }
  }

  #sum(): Term {
    let left = this.#product()
    for (let token = this.#take('+', '-'); token; token = this.#take('+', '-'))
      left = this.#arithmetic(left, token, this.#product())
    return left
  }

  #product(): Term {
    let left = this.#unary()
    for (let token = this.#take('*', '/', '||'); token; token = this.#take('*', '/', '||')) {
      if (token.text !== '*')
        refuse(
          token.at,
          token.text === '/'
            ? '/ is not supported: use SAFE_DIVIDE, or multiply the other side'
            : '|| is not supported',
        )
      left = this.#arithmetic(left, token, this.#unary())
    }
    return left
  }

  #arithmetic(left: Term, token: Token, right: Term): Term {
    const [a, b] = [this.#number(left, token.text), this.#number(right, token.text)]
    const type =
      a.field.type === 'FLOAT64' || b.field.type === 'FLOAT64'
        ? 'FLOAT64'
        : a.field.type === b.field.type
          ? a.field.type
          : 'NUMERIC'
    const cast = (one: Operand) =>
      one.field.type === type ? one.sql : `CAST(${one.sql} AS ${this.#by.dialect.typeName({ type })})`
    // A product of two NUMERIC has more digits than the embedded engine holds.
    if (token.text === '*' && type !== 'INT64' && type !== 'FLOAT64')
      refuse(token.at, `* is supported for INT64 and FLOAT64, not ${type}`)
    return {
      is: 'value',
      operand: { sql: `(${cast(a)} ${token.text} ${cast(b)})`, field: { name: '', type, mode: 'NULLABLE' } },
      at: token.at,
    }
  }

  #unary(): Term {
    const minus = this.#take('-')
    if (!minus) return this.#primary()
    return this.#nested(minus.at, () => {
      const term = this.#unary()
      if (term.is === 'literal' && term.numeric) return { ...term, value: `-${String(term.value)}`.replace('--', '') }
      const operand = this.#number(term, '-')
      return {
        is: 'value',
        operand: { sql: `(- ${operand.sql})`, field: { ...operand.field, name: '' } },
        at: minus.at,
      }
    })
  }

  #primary(): Term {
    const token = this.#next
    const { at } = token
    if (this.#take('(')) {
      return this.#nested(at, () => {
        const term = this.#or()
        this.#expect(')')
        return term
      })
    }
    if (this.#take('NULL')) return { is: 'literal', value: null, numeric: false, at }
    if (this.#take('TRUE')) return { is: 'literal', value: true, numeric: false, at }
    if (this.#take('FALSE')) return { is: 'literal', value: false, numeric: false, at }
    if (this.#take('DATE', 'TIMESTAMP', 'DATETIME'))
      return { is: 'literal', value: this.#text(token.text.toUpperCase()), numeric: false, at }
    this.#at += 1
    if (token.kind === 'number') return { is: 'literal', value: token.text, numeric: true, at }
    if (token.kind === 'string') return { is: 'literal', value: token.text, numeric: false, at }
    if (token.kind === 'quoted') return this.#column(token)
    if (token.kind === 'word' && this.#take('(')) return this.#call(token)
    if (token.kind === 'word' && !WORDS.has(token.text.toUpperCase())) return this.#column(token)
    return refuse(at, token.kind === 'end' ? 'the condition ends too early' : `unexpected ${token.text}`)
  }

  #column(token: Token): Term {
    const field = this.#by.schema.find((one) => one.name === token.text)
    const names = this.#by.schema.map((one) => one.name)
    if (!field) return refuse(token.at, `the table has no column ${token.text}${didYouMean(token.text, names)}`)
    if (this.#take('.')) refuse(token.at, 'fields of a STRUCT are not supported')
    return { is: 'value', operand: { sql: this.#by.dialect.identifier(field.name), field }, at: token.at }
  }

  /** After the opening parenthesis. */
  #call(token: Token): Term {
    const name = token.text.toUpperCase()
    const define = FUNCTIONS[name]
    if (!define) return refuse(token.at, `${name} is not supported${didYouMean(name, Object.keys(FUNCTIONS))}`)
    return this.#nested(token.at, () => {
      const terms: Term[] = []
      if (!this.#take(')')) {
        do terms.push(this.#or())
        while (this.#take(','))
        this.#expect(')')
      }
      const operand = this.#located(token.at, () =>
        define(
          terms.map((term) => this.#argument(term)),
          this.#by,
        ),
      )
      return { is: 'value', operand, at: token.at }
    })
  }

  /** Literals of a call are bound by their own type; the text is kept for what must be known before. */
  #argument(term: Term): Operand & { readonly literal?: string } {
    if (term.is !== 'literal') return this.#value(term)
    const { value, numeric } = term
    if (value === null) return refuse(term.at, 'NULL is not supported here')
    const type =
      typeof value === 'boolean' ? 'BOOL' : numeric ? (/^-?\d{1,18}$/.test(value) ? 'INT64' : 'FLOAT64') : 'STRING'
    const bound = type === 'FLOAT64' ? Number(value) : value
    return { sql: this.#by.parameters.bind(bound, { type }), field: numberField(type), literal: String(value) }
  }

  #value(term: Term): Operand {
    if (term.is === 'value') return term.operand
    if (term.is === 'truth') return { sql: term.sql, field: numberField('BOOL') }
    return refuse(term.at, 'a literal cannot stand here')
  }

  #truth(term: Term): string {
    if (term.is === 'truth') return term.sql
    if (term.is === 'value' && kindOf(term.operand.field) === 'bool') return term.operand.sql
    if (term.is === 'literal' && (term.value === null || typeof term.value === 'boolean'))
      return String(term.value).toUpperCase()
    const found = term.is === 'value' ? typeText(term.operand.field) : 'a literal'
    return refuse(term.at, `expected a condition, not ${found}`)
  }

  #number(term: Term, operator: string): Operand {
    const operand = term.is === 'literal' && term.numeric ? this.#argument(term) : this.#value(term)
    return isNumeric(operand.field)
      ? operand
      : refuse(term.at, `${operator} needs numbers, not ${typeText(operand.field)}`)
  }

  #ofText(term: Term, what: string): string {
    const { sql, field } = this.#value(term)
    return kindOf(field) === 'text' ? sql : refuse(term.at, `${what} needs a STRING, not ${typeText(field)}`)
  }

  #text(after: string): string {
    const token = this.#next
    if (token.kind !== 'string') return refuse(token.at, `expected a text in quotes after ${after}`)
    this.#at += 1
    return token.text
  }
}

const MIRRORED: Readonly<Record<Operator, Operator>> = { '=': '=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' }
const mirrored = (operator: Operator): Operator => MIRRORED[operator]

/** Numbers for exact columns stay text, so that no digit is lost. */
const scalarFor = (literal: Extract<Term, { is: 'literal' }>, operand: Operand): Scalar => {
  const { value, numeric, at } = literal
  if (value === null) return refuse(at, 'NULL cannot stand here')
  if (typeof value === 'boolean') return value
  if (numeric) return kindOf(operand.field) === 'exact' ? value : Number(value)
  if (isNumeric(operand.field))
    return refuse(at, `${JSON.stringify(value)} is a text, and is compared with ${typeText(operand.field)}`)
  return value
}
