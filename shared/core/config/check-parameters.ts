import { isBound, isWord, readParameter } from '../parameters.ts'
import { patternProblem } from '../regex-safety.ts'
import type { PipelineFile } from './config-files.ts'
import type { ConfigPath } from './problem.ts'
import type { ProblemList } from './problem-list.ts'
import type { Parameter } from './pipeline.ts'
import type { ConfigDocument } from './yaml.ts'

/** Any instant will do: only the form of defaults is asked for here. */
const CLOCK = { logicalTime: '2026-01-31T00:00:00.000Z', timezone: 'UTC' }

/** What a pipeline declares must fit itself: defaults, choices, bounds, patterns. */
export const checkParameters = (pipeline: PipelineFile, document: ConfigDocument, problems: ProblemList): void => {
  for (const [name, declared] of Object.entries(pipeline.parameters))
    checkParameter(declared, ['parameters', name], document, problems)
}

const checkParameter = (
  declared: Parameter,
  path: ConfigPath,
  document: ConfigDocument,
  problems: ProblemList,
): void => {
  const report = (key: string, message: string, index?: number) =>
    problems.at(document, index === undefined ? [...path, key] : [...path, key, index], message)
  const unsafe = declared.pattern === undefined ? undefined : patternProblem(declared.pattern)
  if (unsafe) report('pattern', unsafe)
  if (declared.pattern !== undefined && declared.type !== 'string')
    report('pattern', `is for texts, not for ${declared.type}`)
  const { type, description } = declared
  for (const [index, value] of (declared.enum ?? []).entries()) {
    const read = readParameter({ type, description, required: false }, value, CLOCK)
    if ('problem' in read) report('enum', read.problem, index)
  }
  for (const key of ['min', 'max'] as const) {
    const bound = declared[key]
    if (bound !== undefined && !isBound(declared, bound))
      report(key, type === 'string' ? 'must be a number of characters' : `does not fit a parameter of type ${type}`)
  }
  if (declared.default === undefined || unsafe) return
  if (declared.required) report('required', 'has no meaning beside a default')
  // A word like `yesterday` is a day that moves: bounds and choices are asked when it is worked out.
  const asked: Parameter = isWord(declared, declared.default) ? { type, description, required: false } : declared
  const read = readParameter(asked, declared.default, CLOCK)
  if ('problem' in read) report('default', read.problem)
}
