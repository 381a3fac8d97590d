import { isId } from '../ids.ts'
import { findTemplateProblems, templateNames } from '../templates.ts'
import type { ConfigPath } from './problem.ts'
import type { ProblemList } from './problem-list.ts'
import { didYouMean } from './suggest.ts'
import type { ConfigDocument } from './yaml.ts'

/** Names that a text may use where it stands. */
export interface TemplateNames {
  /** Undefined: not known here; each pipeline that uses the text is asked. */
  readonly parameters?: readonly string[] | undefined
  readonly window?: boolean
  readonly cursor?: boolean
  readonly secrets?: boolean
  /** Put before what is wrong with a parameter: which pipeline has none. */
  readonly owner?: string
}

const problemOf = (name: string, allowed: TemplateNames): string | undefined => {
  const [family = '', key = ''] = name.split('.')
  if (family === 'parent') return '{{ parent.* }} is not available yet'
  if (family === 'window' && !allowed.window) return `{{ ${name} }} needs \`windows\` or \`incremental\` beside it`
  if (family === 'cursor' && !allowed.cursor) return '{{ cursor }} needs `incremental` beside it'
  if (family === 'secrets' && !allowed.secrets)
    return '{{ secrets.* }} is allowed in headers and parameters of requests only'
  if (family === 'secrets' && !isId(key)) return `${key} is no name of a secret`
  if (family !== 'parameters' || !allowed.parameters || allowed.parameters.includes(key)) return undefined
  return `{{ ${name} }}: ${allowed.owner ?? 'this pipeline'} has no parameter ${key}${didYouMean(key, allowed.parameters)}`
}

/** Checks every text inside a value. */
export const checkTemplates = (
  document: ConfigDocument,
  path: ConfigPath,
  value: unknown,
  allowed: TemplateNames,
  problems: ProblemList,
): void => {
  if (typeof value === 'string') {
    for (const problem of findTemplateProblems(value)) problems.at(document, path, problem.message)
    for (const expression of templateNames(value)) {
      const problem = problemOf(expression.name, allowed)
      if (problem) problems.at(document, path, problem)
    }
  } else if (Array.isArray(value))
    value.forEach((item, index) => checkTemplates(document, [...path, index], item, allowed, problems))
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value)) checkTemplates(document, [...path, key], item, allowed, problems)
}
