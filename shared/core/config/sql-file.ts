import { ID_PATTERN } from '../ids.ts'

/** What a SQL file refers to, found without a parser: comments and quoted texts are skipped. */
export interface SqlReference {
  /** `dataset.table`, or the parameter's name. */
  readonly name: string
  /** Of `{{` or `@`, and behind the reference. */
  readonly start: number
  readonly end: number
}

export interface SqlFile {
  readonly tables: readonly SqlReference[]
  readonly parameters: readonly SqlReference[]
  readonly problems: readonly { readonly offset: number; readonly message: string }[]
}

/** Names of templates elsewhere: in SQL they would look like datasets. */
export const RESERVED_DATASETS: ReadonlySet<string> = new Set(['run', 'parameters', 'window', 'cursor', 'secrets', 'parent'])

const TOKEN =
  /--[^\n]*|#[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|r?b?(?:"""[\s\S]*?"""|'''[\s\S]*?''')|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`\n]*`|\{\{([\s\S]*?)\}\}|\{\{|@@?([A-Za-z_]\w*)?/g

const tableProblem = (name: string): string | undefined => {
  const [dataset = '', table = '', ...more] = name.split('.')
  if (more.length > 0 || !ID_PATTERN.test(dataset) || !ID_PATTERN.test(table))
    return `{{ ${name} }} is not a table: in SQL a template names a table, {{ dataset.table }}, and nothing else`
  if (RESERVED_DATASETS.has(dataset)) return `{{ ${name} }}: ${dataset} is no dataset; parameters are bound, @name`
  return undefined
}

export const readSqlFile = (text: string): SqlFile => {
  const tables: SqlReference[] = []
  const parameters: SqlReference[] = []
  const problems: { offset: number; message: string }[] = []
  for (const match of text.matchAll(TOKEN)) {
    const [token, template, parameter] = match
    const at = { start: match.index, end: match.index + token.length }
    if (template !== undefined) {
      const name = template.trim()
      const problem = tableProblem(name)
      if (problem) problems.push({ offset: at.start, message: problem })
      else tables.push({ name, ...at })
    } else if (token === '{{') problems.push({ offset: at.start, message: '{{ has no partner' })
    else if (/^["'`rb]/.test(token) && token.includes('{{')) problems.push({ offset: at.start, message: 'a template inside quotes names no table: write {{ dataset.table }} without quotes' })
    else if (token.startsWith('@@')) problems.push({ offset: at.start, message: 'system variables (@@) are not available' })
    else if (token.startsWith('@')) {
      if (parameter === undefined) problems.push({ offset: at.start, message: 'a parameter is written @name' })
      else parameters.push({ name: parameter, ...at })
    }
  }
  if (text.trim() === '') problems.push({ offset: 0, message: 'is empty: one SELECT is needed' })
  return { tables, parameters, problems }
}
