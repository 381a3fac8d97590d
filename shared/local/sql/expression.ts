import { compileAggregate } from './aggregate.ts'
import { arithmetic, comparable, compare, negate, unify } from './arithmetic.ts'
import { compileCall, isCall } from './call.ts'
import { compileCast } from './cast.ts'
import { compileInterval } from './interval.ts'
import { compileLiteral, NULL } from './literal.ts'
import { isAbsent, isNode, kindOf, listOf, type Body } from './node.ts'
import { compileQuery } from './query.ts'
import { macro, quoteName } from './sql-text.ts'
import { compileArray, compileField, compileStruct, compileSubscript } from './structure.ts'
import { title, type Expr, type Translation } from './translation.ts'
import { DUCKDB_TYPES } from './types.ts'
import { compileWindow } from './window.ts'

type Compile = (translation: Translation, body: Body, node: unknown) => Expr

/** One expression as DuckDB text, in parentheses where it is not a single term. Throws for every node that it does not know. */
export const compileExpression = (translation: Translation, node: unknown): Expr => {
  const { kind, body } =
    kindOf(node) ?? translation.refuse(node, 'this expression is not available in the embedded warehouse')
  const compile = Object.hasOwn(COMPILERS, kind) ? COMPILERS[kind] : undefined
  if (compile) return compile(translation, body, node)
  if (isCall(kind)) return compileCall(translation, kind, body)
  return (
    compileAggregate(translation, kind, body) ??
    translation.refuse(node, `${title(kind)} is not available in the embedded warehouse`, title(kind))
  )
}

const both = (translation: Translation, kind: string, body: Body): [Expr, Expr] => {
  const { left, right } = translation.read(kind, body, ['left', 'right'])
  return [compileExpression(translation, left), compileExpression(translation, right)]
}

const arithmeticOf =
  (operator: '+' | '-' | '*' | '/'): Compile =>
  (translation, body) =>
    arithmetic(operator, ...both(translation, operator, body))

const comparisonOf =
  (operator: string): Compile =>
  (translation, body) =>
    compare(operator, ...both(translation, operator, body))

const logicalOf =
  (operator: 'AND' | 'OR'): Compile =>
  (translation, body) => {
    const [left, right] = both(translation, operator, body)
    return { sql: `(${left.sql} ${operator} ${right.sql})`, type: 'BOOL' }
  }

const bitwiseOf =
  (name: string): Compile =>
  (translation, body) => {
    const [left, right] = both(translation, name, body)
    return { sql: macro(name, left.sql, right.sql), type: 'INT64' }
  }

const distinctOf =
  (operator: string): Compile =>
  (translation, body) => {
    translation.count('DISTINCT')
    return comparisonOf(operator)(translation, body, body)
  }

const isOf =
  (value: 'NULL' | 'TRUE' | 'FALSE'): Compile =>
  (translation, body) => {
    const { this: inner, not } = translation.read('IS', body, ['this', 'not', 'postfix_form'])
    const operand = compileExpression(translation, inner).sql
    if (value === 'NULL') return { sql: `(${operand} IS ${isAbsent(not) ? '' : 'NOT '}NULL)`, type: 'BOOL' }
    return { sql: `(${operand} IS ${isAbsent(not) ? 'NOT ' : ''}DISTINCT FROM ${value})`, type: 'BOOL' }
  }

const column: Compile = (translation, body, node) => {
  const { name, table } = translation.read('column', body, ['name', 'table'])
  const text = isNode(name) ? String(name.name) : ''
  const token = translation.source.tokenOf(text)
  if (token?.kind === 'parameter' && isAbsent(table)) return parameter(translation, text)
  const columnName = translation.name(name)
  if (isAbsent(table) && PSEUDO.has(columnName.toLowerCase())) {
    return translation.refuse(
      node,
      `${columnName} means something else to the embedded warehouse: write it as table.${columnName}`,
    )
  }
  return {
    sql: isAbsent(table) ? quoteName(columnName) : `${quoteName(translation.name(table))}.${quoteName(columnName)}`,
  }
}

/** DuckDB answers these names where no column has them. */
const PSEUDO = new Set(
  'rowid user current_user session_user current_role current_catalog current_schema current_database current_date current_time current_timestamp localtime localtimestamp'.split(
    ' ',
  ),
)

const parameter = (translation: Translation, mark: string): Expr => {
  const token = translation.token(mark)
  if (!token) return NULL
  const { name, type, value } = translation.parameter(token)
  if (type === 'STRUCT' || type === 'BIGNUMERIC')
    throw translation.source.error(token, `a parameter of type ${type} is not available in the embedded warehouse`)
  const duckdb = DUCKDB_TYPES[type]
  if (Array.isArray(value)) return { sql: `CAST($${name} AS ${duckdb}[])` }
  return { sql: `CAST($${name} AS ${duckdb})`, type }
}

const between: Compile = (translation, body) => {
  const { this: inner, low, high, not } = translation.read('between', body, ['this', 'low', 'high', 'not', 'symmetric'])
  translation.count('BETWEEN')
  const value = compileExpression(translation, inner)
  const from = compare('>=', value, compileExpression(translation, low))
  const to = compare('<=', value, compileExpression(translation, high))
  return { sql: `(${isAbsent(not) ? '' : 'NOT '}(${from.sql} AND ${to.sql}))`, type: 'BOOL' }
}

const inList: Compile = (translation, body, node) => {
  const {
    this: inner,
    expressions,
    query,
    unnest,
    not,
  } = translation.read('in', body, ['this', 'expressions', 'query', 'unnest', 'not', 'is_field'])
  if (kindOf(inner)?.kind === 'tuple' || kindOf(inner)?.kind === 'struct')
    translation.refuse(node, 'comparing STRUCTs with IN is not available in the embedded warehouse', 'IN')
  const value = compileExpression(translation, inner)
  const word = isAbsent(not) ? 'IN' : 'NOT IN'
  if (!isAbsent(query))
    return {
      sql: translation.hoist(`(${value.sql} ${word} (${compileQuery(translation, query)}))`, false),
      type: 'BOOL',
    }
  if (!isAbsent(unnest))
    return {
      sql: `(${value.sql} ${word} (SELECT unnest(${compileExpression(translation, unnest).sql})))`,
      type: 'BOOL',
    }
  const items = listOf(expressions).map((item) => comparable(compileExpression(translation, item), value))
  return { sql: `(${value.sql} ${word} (${items.join(', ')}))`, type: 'BOOL' }
}

const like: Compile = (translation, body, node) => {
  const { left, right } = translation.read('like', body, ['left', 'right'])
  translation.count('LIKE')
  if (!isNode(left)) return translation.refuse(node, 'LIKE is not available here')
  return {
    sql: `(${compileExpression(translation, left).sql} LIKE ${compileExpression(translation, right).sql} ESCAPE '\\')`,
    type: 'BOOL',
  }
}

const caseWhen: Compile = (translation, body) => {
  const { operand, whens, else_: otherwise } = translation.read('case', body, ['operand', 'whens', 'else_'])
  translation.count('CASE')
  const subject = isAbsent(operand) ? undefined : compileExpression(translation, operand)
  const branches = listOf(whens).map((branch) => {
    translation.count('WHEN')
    const [when, then] = listOf(branch)
    const condition = compileExpression(translation, when)
    return {
      test: subject ? compare('=', subject, condition).sql : condition.sql,
      value: compileExpression(translation, then),
    }
  })
  const last = isAbsent(otherwise) ? NULL : compileExpression(translation, otherwise)
  const { values, type, checked } = unify([...branches.map((branch) => branch.value), last])
  const text = branches.map((branch, index) => `WHEN ${branch.test} THEN ${values[index]}`).join(' ')
  return { sql: `(CASE ${text} ELSE ${values.at(-1)} END)`, type, checked }
}

const ifFunction: Compile = (translation, body) => {
  const {
    condition,
    true_value: yes,
    false_value: no,
  } = translation.read('IF', body, ['condition', 'true_value', 'false_value'])
  const test = compileExpression(translation, condition).sql
  const { values, type, checked } = unify([
    compileExpression(translation, yes),
    isAbsent(no) ? NULL : compileExpression(translation, no),
  ])
  return { sql: `(CASE WHEN ${test} THEN ${values[0]} ELSE ${values[1]} END)`, type, checked }
}

const COMPILERS: Readonly<Record<string, Compile>> = {
  literal: compileLiteral,
  boolean: (_, body) => ({ sql: body.value === true ? 'TRUE' : 'FALSE', type: 'BOOL' }),
  null: () => NULL,
  column,
  paren: (translation, body) => compileExpression(translation, translation.read('paren', body, ['this']).this),
  and: logicalOf('AND'),
  or: logicalOf('OR'),
  not: (translation, body) => ({
    sql: `(NOT ${compileExpression(translation, translation.read('not', body, ['this']).this).sql})`,
    type: 'BOOL',
  }),
  eq: comparisonOf('='),
  neq: comparisonOf('<>'),
  lt: comparisonOf('<'),
  lte: comparisonOf('<='),
  gt: comparisonOf('>'),
  gte: comparisonOf('>='),
  null_safe_eq: distinctOf('IS NOT DISTINCT FROM'),
  null_safe_neq: distinctOf('IS DISTINCT FROM'),
  add: arithmeticOf('+'),
  sub: arithmeticOf('-'),
  mul: arithmeticOf('*'),
  div: arithmeticOf('/'),
  neg: (translation, body) => negate(compileExpression(translation, translation.read('-', body, ['this']).this)),
  bitwise_and: bitwiseOf('bit_and'),
  bitwise_or: bitwiseOf('bit_or'),
  bitwise_xor: bitwiseOf('bit_xor'),
  concat: (translation, body) => {
    const [left, right] = both(translation, '||', body)
    return { sql: `(${left.sql} || ${right.sql})`, type: left.type ?? right.type }
  },
  is_null: isOf('NULL'),
  is_true: isOf('TRUE'),
  is_false: isOf('FALSE'),
  between,
  in: inList,
  like,
  case: caseWhen,
  if_func: ifFunction,
  cast: compileCast,
  safe_cast: (translation, body, node) => compileCast(translation, body, node, true),
  interval: compileInterval,
  exists: (translation, body) => ({
    sql: translation.hoist(
      `EXISTS (${compileQuery(translation, translation.read('exists', body, ['this']).this)})`,
      false,
    ),
    type: 'BOOL',
  }),
  subquery: (translation, body) => {
    const { this: query } = translation.read('subquery', body, ['this'])
    return { sql: translation.hoist(`(${compileQuery(translation, query)})`, false) }
  },
  array: compileArray,
  array_func: compileArray,
  struct: compileStruct,
  dot: compileField,
  subscript: compileSubscript,
  window_function: compileWindow,
}
