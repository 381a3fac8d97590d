import { z } from 'zod'
import { MAX_PROBLEMS, type ConfigPath, type ConfigProblem } from './problem.ts'
import { didYouMean } from './suggest.ts'
import type { ConfigDocument } from './yaml.ts'

/** Checks a document against its model: the value, or every problem with its position, in words of ours. */
type Issue = z.core.$ZodIssue
type RawIssue = z.core.$ZodRawIssue

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
}

const kindOf = (value: unknown): string => {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return KINDS[typeof value] ?? typeof value
}

const typeMessage = (expected: string, input: unknown): string => {
  if (input === undefined) return 'is missing'
  const hint =
    expected === 'string' && (typeof input === 'number' || typeof input === 'boolean') ? ': put it in quotes' : ''
  return `must be ${KINDS[expected] ?? expected}, not ${kindOf(input)}${hint}`
}

const sizeMessage = (issue: Extract<RawIssue, { code: 'too_small' | 'too_big' }>): string => {
  const limit = issue.code === 'too_small' ? `at least ${String(issue.minimum)}` : `at most ${String(issue.maximum)}`
  if (issue.origin === 'string')
    return issue.code === 'too_small' && Number(issue.minimum) === 1
      ? 'must not be empty'
      : `must have ${limit} characters`
  return issue.origin === 'array' ? `must have ${limit} entries` : `must be ${limit}`
}

/** Messages where a model gives none of its own. */
const message = (issue: RawIssue): string | undefined => {
  if (issue.code === 'invalid_type') return typeMessage(issue.expected, issue.input)
  if (issue.code === 'too_small' || issue.code === 'too_big') return sizeMessage(issue)
  if (issue.code !== 'invalid_value') return undefined
  if (issue.input === undefined) return 'is missing'
  const values = issue.values.map(String)
  return `must be ${values.length === 1 ? '' : 'one of '}${values.join(', ')}${didYouMean(issue.input, values)}`
}

type Reported = (path: ConfigPath, message: string, at?: 'key' | 'value') => ConfigProblem

const pathOf = (issue: Issue): ConfigPath => issue.path.map((part) => (typeof part === 'number' ? part : String(part)))

const valueAt = (value: unknown, path: ConfigPath): unknown =>
  path.reduce<unknown>(
    (at, part) => (typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[part] : undefined),
    value,
  )

const problemsOf = (
  issue: Issue,
  document: ConfigDocument,
  known: ReadonlyMap<string, readonly string[]>,
): readonly ConfigProblem[] => {
  const path = pathOf(issue)
  const report: Reported = (at, text, what) => document.problem(at, text, what)
  if (issue.code === 'unrecognized_keys')
    return issue.keys
      .slice(0, MAX_PROBLEMS)
      .map((key) =>
        report([...path, key], `unknown key${didYouMean(key, known.get(JSON.stringify(path)) ?? [])}`, 'key'),
      )
  if (issue.code === 'invalid_key') return [report(path, issue.issues[0]?.message ?? issue.message, 'key')]
  if (issue.message.startsWith('is not available yet')) return [report(path, issue.message, 'key')]
  if (issue.code === 'invalid_union' && 'options' in issue && !issue.message.endsWith('not available yet')) {
    const options = (issue.options as readonly unknown[]).map(String)
    return [report(path, issue.message + didYouMean(valueAt(document.value, path), options))]
  }
  return [report(path, issue.message)]
}

const firstProblems = (
  issues: readonly Issue[],
  problemsOfIssue: (issue: Issue) => readonly ConfigProblem[],
): readonly ConfigProblem[] => {
  const found: ConfigProblem[] = []
  for (const issue of issues) {
    if (found.length >= MAX_PROBLEMS) break
    found.push(...problemsOfIssue(issue))
  }
  return found.slice(0, MAX_PROBLEMS)
}

export type CheckedDocument<T> = { readonly value: T } | { readonly problems: readonly ConfigProblem[] }

export const checkDocument = <S extends z.ZodType>(
  schema: S,
  document: ConfigDocument,
): CheckedDocument<z.output<S>> => {
  const known = new Map<string, readonly string[]>()
  const parsed = schema.safeParse(document.value, {
    error: (issue) => {
      // The keys that the model knows, for suggestions: an issue itself does not carry them.
      if (issue.code === 'unrecognized_keys' && issue.inst instanceof z.ZodObject)
        known.set(JSON.stringify(issue.path ?? []), Object.keys(issue.inst.shape))
      return message(issue)
    },
  })
  if (parsed.success) return { value: parsed.data }
  return { problems: firstProblems(parsed.error.issues, (issue) => problemsOf(issue, document, known)) }
}
