import type { QueryParameter } from '@convergence/core/ports/warehouse.ts'
import type { Field } from '@convergence/core/table.ts'
import type { Dialect } from './dialect.ts'

type Type = Pick<Field, 'type' | 'precision' | 'scale'>

/** Binds the values of one expectation: names begin with its prefix, so that all expectations of a plan fit into one query. */
export interface Parameters {
  /** SQL of the bound value, cast to the type. */
  bind(value: string | number | boolean, type: Type): string
  /** SQL of the bound array, not cast. */
  bindList(values: readonly (string | number | boolean)[], type: Type): string
  readonly all: readonly QueryParameter[]
}

export const createParameters = (dialect: Dialect, prefix: string): Parameters => {
  const all: QueryParameter[] = []
  const add = (value: QueryParameter['value'], type: Type): string => {
    const name = `${prefix}_${all.length}`
    all.push({ name, type: type.type, value })
    return dialect.parameter(name)
  }
  return {
    all,
    bind: (value, type) => `CAST(${add(value, type)} AS ${dialect.typeName(type)})`,
    bindList: add,
  }
}

/** Those of the parameters that stand in the SQL: engines refuse what is bound and not used. */
export const usedIn = (sql: string, parameters: readonly QueryParameter[]): QueryParameter[] => {
  const names = new Set([...sql.matchAll(/[@$](\w+)/g)].map((match) => match[1]))
  return parameters.filter(({ name }) => names.has(name))
}
