import { didYouMean } from '@convergence/core/config/suggest.ts'
import { PLATFORM_FIELD_NAMES } from '@convergence/core/table.ts'
import { googleTypes } from './error-text.ts'
import { MISSING, word, type Explained, type Rule } from './rule.ts'
import type { TenantText } from './tenant-text.ts'

/** Names in quotes, in a list of candidates: the last part of each, once. */
const candidates = (body: string): string[] => {
  const list = /Candidate [A-Za-z]+: *:?(.*)/.exec(body)?.[1] ?? ''
  const names = [...list.matchAll(/"((?:[^"]|"")+)"(?!\.)/g)].map(([, name = '']) => name)
  return [...new Set(names)]
}

/** The one that was meant, or some of those that there are: DuckDB names the nearest ones only. */
const hint = (name: string, known: readonly string[]): string => {
  const own = known.filter((one) => !PLATFORM_FIELD_NAMES.has(one))
  return didYouMean(name, known) || (own.length > 0 ? `; near it: ${own.join(', ')}` : '')
}

const column = (name: string, tenant: TenantText, body: string, of = ''): Explained => ({
  text: `there is no column "${name}"${of === '' ? '' : ` in ${of}`}${hint(name, candidates(body))}`,
  token: tenant.name(name),
})

/** The types that a function's candidates take at each place. */
const accepted = (body: string): string => {
  const lists = [...body.matchAll(/^\s+\S+?\((.*)\)(?: ->.*)?$/gm)].map(([, list = '']) => parameterTypes(list))
  const places = lists.reduce<string[][]>((sets, types) => {
    for (const [index, type] of types.entries()) (sets[index] ??= []).push(type)
    return sets
  }, [])
  const texts = places.map((types) => either([...new Set(types.filter((type) => type !== ''))]))
  const known = texts.filter((text) => text !== '')
  if (known.length > 0 && known.every((text) => text === known[0])) return known[0] ?? ''
  return known.join(', and then ')
}

/** `x BIGINT, y DECIMAL(38,9)`, or types alone; a parameter of any type has none. */
const parameterTypes = (list: string): string[] =>
  list.split(/,(?![^(]*\))/).map((part) => {
    const type = googleTypes(part.trim().replace(/^[a-z]\w*(\s+|$)/, ''))
    return /^(TINYINT|SMALLINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|UHUGEINT|BIGNUM|BIGN|FLOAT|ANY)$/.test(type)
      ? ''
      : type
  })

const either = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`

const wrongTypes = (called: string, tenant: TenantText, body: string): Explained => {
  const { name, token } = word(called, tenant)
  const types = accepted(body)
  return {
    text: `${name} takes ${types === '' ? 'values of another type' : types}; CAST what is of another type`,
    token,
  }
}

/** Names and types that do not fit: found before anything runs. The first that fits counts. */
export const BINDING_RULES: readonly Rule[] = [
  {
    pattern: /^Referenced column "?([^"\n]+?)"? (?:was )?not found/,
    explain: ([, name = ''], tenant, { body }) => column(name, tenant, body),
  },
  {
    pattern: /^Table "(.+?)" does not have a column named "(.+?)"/,
    explain: ([, table = '', name = ''], tenant, { body }) => column(name, tenant, body, table),
  },
  {
    pattern: /^Column "?(.+?)"? (?:in (?:EXCLUDE|REPLACE) list not found|does not exist on (?:left|right) side)/,
    explain: ([, name = ''], tenant, { body }) => column(name, tenant, body),
  },
  {
    pattern: /^Referenced table "(.+?)" not found/,
    explain: ([, name = ''], tenant, { body }) => {
      const [, of] = tenant.namesAtError()
      // DuckDB says so too of an alias without that column, inside a subquery.
      if (tenant.isAlias(name) && of !== undefined) return column(of, tenant, '', name)
      return {
        text: `there is no table or alias "${name}" in this query${hint(name, candidates(body))}`,
        token: tenant.name(name),
      }
    },
  },
  {
    pattern: /^Table with name (\S+) does not exist/,
    explain: ([, name = ''], tenant) => {
      const token = tenant.table(name)
      return { text: `there is no table ${token?.value ?? name}: no run has loaded it yet`, token }
    },
  },
  {
    pattern: /^Ambiguous reference to column name "(.+?)"(?: \(use: (.+)\))?/,
    explain: ([, name = '', use = ''], tenant) => ({
      text: `column "${name}" is ambiguous${use === '' ? '' : `: write ${use.replaceAll('"', '')}`}`,
      token: tenant.name(name),
    }),
  },
  {
    pattern: /^Ambiguous reference to table "(.+?)"/,
    explain: ([, name = ''], tenant) => ({
      text: `two tables have the alias "${name}", which ${MISSING}: give each its own`,
      token: tenant.name(name),
    }),
  },
  {
    pattern: /^column "?(.+?)"? must appear in the GROUP BY clause/,
    explain: ([, name = ''], tenant) => ({
      text: `column "${name}" is neither grouped nor aggregated: add it to GROUP BY, or take ANY_VALUE(${name})`,
      token: tenant.name(name),
    }),
  },
  {
    pattern: /^(GROUP|ORDER) (?:BY )?term out of range - should be between 1 and (\d+)/,
    explain: ([, clause = '', count = ''], tenant) => ({
      text: `${clause} BY names a column by a number that is not between 1 and ${count}`,
      token: tenant.only(new RegExp(`^${clause}$`, 'i')),
    }),
  },
  {
    pattern: /^(\w+) clause cannot contain (aggregates|window functions)/,
    explain: ([, clause = '', what = ''], tenant) => ({
      text: `${clause.toUpperCase()} takes no ${what}: use ${what === 'aggregates' ? 'HAVING' : 'QUALIFY'}`,
      token: tenant.only(new RegExp(`^${clause}$`, 'i')),
    }),
  },
  {
    pattern: /^aggregate function calls cannot be nested/,
    explain: () => ({ text: 'an aggregate stands inside another: aggregate twice, the inner one in a subquery' }),
  },
  {
    pattern: /^Set operations can only apply to expressions with the same number of result columns/,
    explain: (_, tenant) => ({
      text: 'the two sides have different numbers of columns',
      token: tenant.only(/^(UNION|INTERSECT|EXCEPT)$/i),
    }),
  },
  {
    pattern: /^Could not find key "(.+?)" in struct/,
    explain: ([, name = ''], tenant, { body }) => ({
      text: `there is no field "${name}"${hint(name, candidates(body))}`,
      token: tenant.name(name),
    }),
  },
  {
    pattern: /^Cannot extract field '(.+?)' from expression "?(.+?)"? because/,
    explain: ([, name = '', of = ''], tenant) => ({
      text: `"${of}" is no STRUCT, and has no field "${name}"`,
      token: tenant.name(of),
    }),
  },
  {
    pattern: /^Macro (\w+)\(\) does not support the supplied arguments/,
    explain: ([, called = ''], tenant, { body }) => wrongTypes(called, tenant, body),
  },
  {
    pattern:
      /^(?:No matching aggregate function\s+Binder Error: )?No function matches the given name and argument types '([^(]+)\((.*?)\)'/,
    explain: ([, called = '', given = ''], tenant) => {
      const { name, token } = word(called, tenant)
      return {
        text: `${name} does not take ${googleTypes(given.replace('STRING_LITERAL', 'VARCHAR'))}, or ${MISSING} for it: use CAST`,
        token,
      }
    },
  },
  {
    pattern: /^Macro (\w+)\(\) has multiple overloads/,
    explain: ([, called = ''], tenant) => {
      const { name, token } = word(called, tenant)
      return {
        text: `${name} of a value whose type is only known outside ${MISSING}: CAST it, or take it out of the subquery or HAVING`,
        token,
      }
    },
  },
  {
    pattern: /^GROUPING child "?(.+?)"? must be a grouping column/,
    explain: ([, name = ''], tenant) => ({
      text: `GROUPING of "${name}", which is not in GROUP BY, ${MISSING}`,
      token: tenant.name(name),
    }),
  },
  {
    pattern: /^Join condition for non-inner LATERAL JOIN/,
    explain: (_, tenant) => ({
      text: `an outer JOIN with UNNEST of the row's own array and this ON ${MISSING}: use ON TRUE, or filter the array`,
      token: tenant.only(/^UNNEST$/i),
    }),
  },
  {
    pattern:
      /types? (?:of )?(?:type )?(.+?) (?:and|to) (?:type )?(.+?)(?: in .*?)?(?: -|,) an explicit cast is required/,
    explain: ([, a = '', b = ''], tenant) => ({
      text: `${googleTypes(a)} and ${googleTypes(b)} do not go together here: CAST one of them`,
      token: tenant.firstName(),
    }),
  },
  {
    pattern: /^Unimplemented type for cast \((.+?) -> (.+?)\)/,
    explain: ([, from = '', to = ''], tenant) => ({
      text: `${googleTypes(from)} and ${googleTypes(to)} do not go together here: CAST one of them`,
      token: tenant.firstName(),
    }),
  },
  {
    pattern: /^UNNEST\(\) can only be applied to lists.*, not (\S+)/,
    explain: ([, type = ''], tenant) => ({
      text: `UNNEST takes an ARRAY, not ${googleTypes(type)}`,
      token: tenant.only(/^UNNEST$/i),
    }),
  },
]
