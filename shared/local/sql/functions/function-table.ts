import { guarded } from '../arithmetic.ts'
import { isNode } from '../node.ts'
import { macro } from '../sql-text.ts'
import type { Expr, Translation, Type } from '../translation.ts'

export interface Call {
  readonly translation: Translation
  /** As GoogleSQL writes it, in capitals. */
  readonly name: string
  readonly nodes: readonly unknown[]
  /** An argument, translated when it is asked for: parts of dates and formats are none. */
  readonly arg: (index: number) => Expr
  readonly refuse: (message: string) => never
}

export type Handler = (call: Call) => Expr
export type FunctionTable = Readonly<Record<string, Handler>>

const all = (call: Call, counts: readonly number[]): Expr[] => {
  if (!counts.includes(call.nodes.length))
    call.refuse(`${call.name} with ${call.nodes.length} arguments is not available in the embedded warehouse`)
  return call.nodes.map((_, index) => call.arg(index))
}

export const args = (call: Call, ...counts: readonly number[]): string[] => all(call, counts).map((value) => value.sql)

/** Arguments that a macro takes by number types. */
export const numbers = (call: Call, ...counts: readonly number[]): string[] => all(call, counts).map(guarded)

/** A function that DuckDB has too, with the same meaning. */
export const same =
  (name: string, type: Type | undefined, ...counts: readonly number[]): Handler =>
  (call) => ({ sql: `${name}(${args(call, ...counts).join(', ')})`, type })

export const byMacro =
  (name: string, type: Type | undefined, ...counts: readonly number[]): Handler =>
  (call) => ({ sql: macro(name, ...args(call, ...counts)), type })

/** A constant string: formats, paths and regular expressions are translated, and must be known. */
export const constantString = (call: Call, index: number): string =>
  call.arg(index).string ??
  call.refuse(`${call.name} takes a constant string here: a computed one is not available in the embedded warehouse`)

/** A bare word, such as the part of a date; `WEEK(MONDAY)` as it stands. */
export const wordOf = (node: unknown): string | undefined => {
  if (typeof node === 'string') return node.toUpperCase()
  if (!isNode(node)) return undefined
  if (isNode(node.var)) return String(node.var.this).toUpperCase()
  if (isNode(node.column) && isNode(node.column.name)) return String(node.column.name.name).toUpperCase()
  if (typeof node.Custom === 'string') return node.Custom.toUpperCase()
  if (typeof node.WeekWithModifier === 'string') return `WEEK(${node.WeekWithModifier.toUpperCase()})`
  if (isNode(node.function) && Array.isArray(node.function.args)) {
    const inner = wordOf(node.function.args[0])
    return inner === undefined ? undefined : `${String(node.function.name).toUpperCase()}(${inner})`
  }
  return undefined
}
