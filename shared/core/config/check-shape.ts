import { nameColumns } from '../column-names.ts'
import { PLATFORM_FIELD_NAMES } from '../table.ts'
import type { ConfigPath } from './problem.ts'
import type { ProblemList } from './problem-list.ts'
import type { FileResource, RestResource } from './source.ts'
import type { ConfigDocument } from './yaml.ts'

/** What a resource says about its columns, as far as it can be wrong without the data. */
export const checkShape = (
  document: ConfigDocument,
  path: ConfigPath,
  resource: FileResource | RestResource,
  problems: ProblemList,
): void => {
  const report = (at: ConfigPath, message: string, what?: 'key') =>
    problems.at(document, [...path, ...at], message, what)
  const { columns, exclude, rename } = resource
  if (columns && exclude.length > 0) report(['exclude'], 'use `columns` or `exclude`, not both', 'key')
  for (const source of Object.keys(rename)) {
    if (exclude.includes(source)) report(['rename', source], 'is renamed and excluded', 'key')
    if (columns && !columns.includes(source)) report(['rename', source], 'is renamed, and not among `columns`', 'key')
  }
  // Renamed columns are there for certain; without `columns`, all others are the data's.
  const sources = columns ?? Object.keys(rename)
  for (const problem of nameColumns(sources, resource).problems)
    report([columns ? 'columns' : 'rename'], problem, 'key')
  const inherited = 'inherit' in resource ? Object.keys(resource.inherit).map((name) => ['inherit', name] as const) : []
  for (const [key, name] of [...inherited, ...Object.keys(resource.types).map((type) => ['types', type] as const)])
    if (PLATFORM_FIELD_NAMES.has(name.toLowerCase())) report([key, name], `${name} is a column of the platform`, 'key')
}
