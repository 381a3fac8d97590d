import { COLUMN_NAME_PATTERN } from './ids.ts'
import { PLATFORM_FIELD_NAMES } from './table.ts'

export type Naming = 'snake_case' | 'source'

/** Prefixes that BigQuery keeps for itself. */
const RESERVED = /^(_table_|_file_|_partition|_row_timestamp|__root__|_colidentifier)/i

/** Letters that Unicode does not take apart into a letter and an accent. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  Æ: 'Ae',
  œ: 'oe',
  Œ: 'Oe',
  ø: 'o',
  Ø: 'O',
  ł: 'l',
  Ł: 'L',
  đ: 'd',
  Đ: 'D',
}

/** `lineItem/UnblendedCost` is `line_item_unblended_cost`, `HTTPStatus` is `http_status`; accents are dropped, a leading digit gets a `_`. */
const toSnakeCase = (source: string): string => {
  const words = source
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[ßæÆœŒøØłŁđĐ]/g, (letter) => LETTERS[letter] ?? letter)
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .replaceAll(/_+/g, '_')
    .replace(/_$/, '')
    .toLowerCase()
  const name = source.startsWith('_') ? words : words.replace(/^_/, '')
  return /^\d/.test(name) ? `_${name}` : name
}

export interface NamedColumn {
  /** Name in the source. */
  readonly source: string
  /** Name in the table. */
  readonly name: string
}

export interface ColumnNaming {
  readonly naming: Naming
  /** Names in the table by names in the source: they win over the rule. */
  readonly rename: Readonly<Record<string, string>>
}

/** Name in the table of a column of the source, by the rule alone. */
export const toColumnName = (source: string, naming: Naming = 'snake_case'): string =>
  naming === 'source' ? source : toSnakeCase(source)

const quoted = (text: string): string => JSON.stringify(text)

const problemOf = ({ source, name }: NamedColumn): string | undefined => {
  if (source.trim() === '') return 'a column has an empty name: name it in the source'
  if (!COLUMN_NAME_PATTERN.test(name))
    return `column ${quoted(source)} gives ${quoted(name)}, which is no column name: \`rename\` it`
  if (RESERVED.test(name))
    return `column ${quoted(source)} gives ${quoted(name)}, a name that BigQuery keeps for itself: \`rename\` it`
  if (PLATFORM_FIELD_NAMES.has(name.toLowerCase()))
    return `column ${quoted(source)} gives ${quoted(name)}, a column of the platform: \`rename\` it`
  return undefined
}

/** The columns of an input under their names in the table, in order, and all that is wrong with them. Names differ by more than case. */
export const nameColumns = (
  sources: readonly string[],
  { naming, rename }: ColumnNaming,
): { readonly columns: readonly NamedColumn[]; readonly problems: readonly string[] } => {
  const columns = sources.map((source) => ({
    source,
    name: Object.hasOwn(rename, source) ? (rename[source] ?? '') : toColumnName(source, naming),
  }))
  const seen = new Map<string, string>()
  const problems = columns.flatMap((column) => {
    const key = column.name.toLowerCase()
    const other = seen.get(key)
    if (other === undefined) seen.set(key, column.source)
    const problem = problemOf(column) ?? (other === undefined ? undefined : collision(other, column))
    return problem === undefined ? [] : [problem]
  })
  return { columns, problems }
}

const collision = (other: string, { source, name }: NamedColumn): string =>
  other === source
    ? `column ${quoted(source)} is there twice`
    : `columns ${quoted(other)} and ${quoted(source)} would both be ${quoted(name)}: \`rename\` one of them`
