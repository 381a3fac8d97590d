import { InvalidConfigError } from './errors.ts'
import { applyFilter, filterProblem, toText, type TemplateValue } from './template-filters.ts'

/**
 * `{{ name | filter: argument }}` inside texts; no code. Dates are calendar days of the pipeline's time zone. An unknown name or
 * filter is an error when the config is checked, and a name without a value is one when it is rendered: never an empty text.
 */
export interface TemplateScope {
  readonly parameters: Readonly<Record<string, string | number | boolean | null>>
  /** `logicalTime`: ISO instant. */
  readonly run: { readonly id: string; readonly logicalTime: string }
  readonly timezone: string
  /** Half-open; ISO instants or dates. */
  readonly window?: { readonly start?: string | undefined; readonly end?: string | undefined } | undefined
  readonly cursor?: string | undefined
  /** Values by name, fetched before; where secrets are allowed. */
  readonly secrets?: Readonly<Record<string, string>> | undefined
}

interface TemplateFilter {
  readonly name: string
  readonly argument?: string | undefined
}

export interface TemplateExpression {
  readonly name: string
  readonly filters: readonly TemplateFilter[]
  /** Of `{{` in the text. */
  readonly offset: number
}

export type Template = readonly (string | TemplateExpression)[]

export interface TemplateProblem {
  readonly offset: number
  readonly message: string
}

const EXPRESSION = /\{\{([^{}]*)\}\}/g
const NAME = /^\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*/
const FILTER = /^\|\s*([A-Za-z_]\w*)\s*(?::\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+))\s*)?/

/** Names that have no part after them, and those that have exactly one. */
const PLAIN_NAMES = new Set(['cursor', 'run.id', 'run.logical_time', 'window.start', 'window.end'])
const FAMILIES = new Set(['parameters', 'secrets', 'parent'])

const nameProblem = (name: string): string | undefined => {
  if (PLAIN_NAMES.has(name)) return undefined
  const parts = name.split('.')
  if (parts.length === 2 && FAMILIES.has(parts[0] ?? '')) return undefined
  return `unknown name "${name}": one of parameters.*, run.id, run.logical_time, window.start, window.end, cursor, secrets.*`
}

const parseExpression = (inner: string, offset: number): TemplateExpression | TemplateProblem => {
  const head = NAME.exec(inner)
  if (!head?.[1]) return { offset, message: `{{${inner}}} does not begin with a name` }
  const wrong = nameProblem(head[1])
  if (wrong) return { offset, message: wrong }
  const filters: TemplateFilter[] = []
  let rest = inner.slice(head[0].length)
  while (rest !== '') {
    const match = FILTER.exec(rest)
    if (!match?.[1])
      return {
        offset,
        message: `cannot read "${rest.trim()}" in {{${inner}}}: filters are written | name or | name: argument`,
      }
    const argument = match[2] ?? match[3] ?? match[4]
    const problem = filterProblem(match[1], argument)
    if (problem) return { offset, message: problem }
    filters.push({ name: match[1], argument })
    rest = rest.slice(match[0].length)
  }
  return { name: head[1], filters, offset }
}

const read = (text: string): { template: Template; problems: readonly TemplateProblem[] } => {
  const parts: (string | TemplateExpression)[] = []
  const problems: TemplateProblem[] = []
  let end = 0
  const literal = (piece: string, offset: number) => {
    const stray = piece.search(/\{\{|\}\}/)
    if (stray >= 0)
      problems.push({ offset: offset + stray, message: `${piece.slice(stray, stray + 2)} has no partner` })
    if (piece !== '') parts.push(piece)
  }
  for (const match of text.matchAll(EXPRESSION)) {
    literal(text.slice(end, match.index), end)
    const part = parseExpression(match[1] ?? '', match.index)
    if ('message' in part) problems.push(part)
    else parts.push(part)
    end = match.index + match[0].length
  }
  literal(text.slice(end), end)
  return { template: parts, problems }
}

/** Everything that is wrong with a text as a template; empty: nothing. */
export const findTemplateProblems = (text: string): readonly TemplateProblem[] => read(text).problems

/** Throws InvalidConfigError with the first problem. */
export const parseTemplate = (text: string): Template => {
  const { template, problems } = read(text)
  if (problems[0]) throw new InvalidConfigError(problems[0].message)
  return template
}

/** Names that a text uses, such as `parameters.usage_date`. Of what cannot be read, nothing. */
export const templateNames = (text: string): readonly TemplateExpression[] =>
  read(text).template.filter((part) => typeof part !== 'string')

const valueOf = (name: string, scope: TemplateScope): TemplateValue => {
  const [family, key = ''] = name.split('.')
  const own = (record: Readonly<Record<string, TemplateValue | null>> | undefined) =>
    record && Object.hasOwn(record, key) ? record[key] : undefined
  const value =
    family === 'parameters'
      ? own(scope.parameters)
      : family === 'secrets'
        ? own(scope.secrets)
        : name === 'run.id'
          ? scope.run.id
          : name === 'run.logical_time'
            ? scope.run.logicalTime
            : name === 'window.start'
              ? scope.window?.start
              : name === 'window.end'
                ? scope.window?.end
                : name === 'cursor'
                  ? scope.cursor
                  : undefined
  if (value === undefined || value === null) throw new InvalidConfigError(`{{ ${name} }} has no value here`)
  return value
}

const renderPart = (part: string | TemplateExpression, scope: TemplateScope): string => {
  if (typeof part === 'string') return part
  const value = part.filters.reduce(
    (before, filter) => applyFilter(before, filter, scope.timezone),
    valueOf(part.name, scope),
  )
  return toText(value)
}

/** Throws InvalidConfigError when a name has no value or a value does not fit its filter. */
export const renderTemplate = (template: string | Template, scope: TemplateScope): string =>
  (typeof template === 'string' ? parseTemplate(template) : template).map((part) => renderPart(part, scope)).join('')

/** Renders all texts inside a JSON value; everything else stays as it is. */
export const renderJson = (value: unknown, scope: TemplateScope): unknown => {
  if (typeof value === 'string') return renderTemplate(value, scope)
  if (Array.isArray(value)) return value.map((item) => renderJson(item, scope))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renderJson(item, scope)]))
  return value
}
