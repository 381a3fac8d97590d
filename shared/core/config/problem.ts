import { InvalidConfigError } from '../errors.ts'

export type ConfigPath = readonly (string | number)[]

export interface ConfigProblem {
  /** As it was given: `configs/acme/pipelines/costs.yml`. */
  readonly file: string
  /** 1 is the first. */
  readonly line: number
  /** 1 is the first; counted in UTF-16 units, as editors do. */
  readonly column: number
  /** `steps[0].load.strategy`; empty: the file. */
  readonly path: string
  readonly message: string
}

const formatPath = (path: ConfigPath): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    if (!/^[\w-]+$/.test(part)) return `${text}[${JSON.stringify(part)}]`
    return text === '' ? part : `${text}.${part}`
  }, '')

export const problemAt = ({
  file,
  text,
  offset,
  path,
  message,
}: {
  file: string
  text: string
  offset: number
  path: ConfigPath
  message: string
}): ConfigProblem => {
  const before = text.slice(0, Math.max(0, offset))
  const line = before.split('\n').length
  return { file, line, column: before.length - before.lastIndexOf('\n'), path: formatPath(path), message }
}

/** `file:line:column path: message` */
export const formatProblem = ({ file, line, column, path, message }: ConfigProblem): string =>
  `${file}:${line}:${column}${path && ` ${path}`}: ${message}`

/** Of one file: a person needs no more, and finding the position of each takes a walk over the file. */
export const MAX_PROBLEMS = 200

/** In the order of files and lines. */
export const sortProblems = (problems: readonly ConfigProblem[]): ConfigProblem[] =>
  [...problems].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column))

/** `details.problems` holds them all. */
export const configError = (tenant: string, problems: readonly ConfigProblem[]): InvalidConfigError =>
  new InvalidConfigError(
    `the config of ${tenant} has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n${problems.map(formatProblem).join('\n')}`,
    { details: { problems } },
  )
