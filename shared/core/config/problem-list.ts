import { formatProblem, sortProblems, type ConfigPath, type ConfigProblem } from './problem.ts'
import type { ConfigDocument } from './yaml.ts'

/** Problems as they are found; the same one found twice (by two pipelines of one source) counts once. */
export interface ProblemList {
  add(problem: ConfigProblem): void
  at(document: ConfigDocument, path: ConfigPath, message: string, what?: 'key' | 'value'): void
  sorted(): readonly ConfigProblem[]
}

export const problemList = (): ProblemList => {
  const found = new Map<string, ConfigProblem>()
  const add = (problem: ConfigProblem) => void found.set(formatProblem(problem), problem)
  return {
    add,
    at: (document, path, message, what) => add(document.problem(path, message, what)),
    sorted: () => sortProblems([...found.values()]),
  }
}
