import { InvalidInputError } from '../errors.ts'
import { renderSql } from '../sql/render-sql.ts'
import type { ConfigProblem } from './problem.ts'

/** What is wrong with a SQL file's tables and parameters: found by the very code that renders it for a run. */
export const sqlProblems = (file: string, text: string, parameters: readonly string[]): readonly ConfigProblem[] => {
  try {
    // Which parameters there are counts here, not what they hold.
    const bound = parameters.map((name) => ({ name, type: 'STRING' as const, value: null }))
    renderSql(text, { tenant: 'any', parameters: bound, file })
    return []
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    const { problems } = error.details
    return (Array.isArray(problems) ? problems.map(String) : [error.message]).map((line) => readProblem(file, line))
  }
}

/** `file:line:column: message` */
const readProblem = (file: string, line: string): ConfigProblem => {
  const [, row, column, message] = /:(\d+):(\d+): ([\s\S]*)$/.exec(line) ?? []
  return { file, line: Number(row ?? 1), column: Number(column ?? 1), path: '', message: message ?? line }
}
