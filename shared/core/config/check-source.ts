import { PlatformError } from '../errors.ts'
import { parseJsonPath, type JsonPath } from '../json-path.ts'
import { formatSize } from '../sizes.ts'
import { checkShape } from './check-shape.ts'
import { checkTemplates, type TemplateNames } from './check-templates.ts'
import { bucketProblem, isListedHost } from './operator-permits.ts'
import type { ConfigPath } from './problem.ts'
import type { ProblemList } from './problem-list.ts'
import type { FileResource, RestApiSource, RestResource, Source } from './source.ts'
import type { OperatorTenant } from './tenant.ts'
import type { ConfigDocument } from './yaml.ts'

/** A source by itself, and against what the operator allows. */
interface Checking {
  readonly document: ConfigDocument
  /** Absent: not known what it allows. */
  readonly operator: OperatorTenant | undefined
  readonly problems: ProblemList
}

export const checkSource = (source: Source, checking: Checking): void => {
  if (source.type === 'rest_api') {
    checkConnection(source, checking)
    for (const [name, resource] of Object.entries(source.resources))
      checkRestResource(resource, ['resources', name], checking)
    return
  }
  for (const [name, file] of Object.entries(source.files)) checkFile(source.bucket, file, ['files', name], checking)
}

const checkConnection = (source: RestApiSource, { document, operator, problems }: Checking): void => {
  const url = new URL(source.base_url)
  const wrong = (message: string) => problems.at(document, ['base_url'], message)
  if (url.username !== '' || url.password !== '') wrong('must hold no user or password: use auth')
  if (url.search !== '' || url.hash !== '') wrong('must end with its path: put parameters into params')
  if (operator && url.protocol === 'http:' && !isListedHost(operator, url))
    wrong('must be https: http sends secrets in the clear (the operator may list the host in `hosts`)')
  const rate = source.limits.requests_per_minute ?? 0
  if (operator && rate > operator.limits.max_requests_per_minute)
    problems.at(
      document,
      ['limits', 'requests_per_minute'],
      `the operator allows at most ${operator.limits.max_requests_per_minute}`,
    )
  checkResponseSize(source.max_response, ['max_response'], { document, operator, problems })
  const names = { secrets: true, window: true, cursor: true }
  checkTemplates(document, ['headers'], source.headers, names, problems)
  checkTemplates(document, ['params'], source.params, names, problems)
}

const checkResponseSize = (
  size: number | undefined,
  path: ConfigPath,
  { document, operator, problems }: Checking,
): void => {
  if (operator && size !== undefined && size > operator.limits.max_response)
    problems.at(document, path, `the operator allows at most ${formatSize(operator.limits.max_response)}`)
}

/** Names that a resource's texts may use; which parameters there are, each pipeline says. */
const namesOfResource = (resource: RestResource): TemplateNames => ({
  window: resource.windows !== undefined || resource.incremental !== undefined,
  cursor: resource.incremental !== undefined,
})

const checkRestResource = (resource: RestResource, path: ConfigPath, checking: Checking): void => {
  const { document, problems } = checking
  const report = (at: ConfigPath, message: string, what?: 'key') =>
    problems.at(document, [...path, ...at], message, what)
  checkResponseSize(resource.max_response, [...path, 'max_response'], checking)
  checkResourceTemplates(resource, path, document, {}, problems)
  if (resource.windows && resource.incremental) report(['windows'], 'use `windows` or `incremental`, not both', 'key')
  if (resource.body && resource.method === 'GET') report(['body'], 'needs `method: POST`: a GET has no body', 'key')
  const { pagination } = resource
  if (pagination.type === 'cursor' && pagination.in === 'body' && !resource.body)
    report(['pagination', 'in'], 'needs a `body` to be sent in')
  for (const key of ['next', 'has_more', 'total', 'total_pages'] as const) {
    const text = (pagination as Readonly<Record<string, unknown>>)[key]
    if (typeof text === 'string') readPath(text, [...path, 'pagination', key], checking)
  }
  const records = readPath(resource.records, [...path, 'records'], checking)
  for (const [name, one] of Object.entries(resource.inherit))
    checkInherit(one.path, records, [...path, 'inherit', name, 'path'], checking)
  checkIncremental(resource, path, checking)
  checkShape(document, path, resource, problems)
}

/** Every text of a resource, with the names that are known where it is asked. */
export const checkResourceTemplates = (
  resource: RestResource,
  path: ConfigPath,
  document: ConfigDocument,
  known: Pick<TemplateNames, 'parameters' | 'owner'>,
  problems: ProblemList,
): void => {
  const names = { ...namesOfResource(resource), ...known }
  const check = (key: string, value: unknown, allowed: TemplateNames) =>
    checkTemplates(document, [...path, key], value, allowed, problems)
  check('path', resource.path, names)
  check('body', resource.body, names)
  check('headers', resource.headers, { ...names, secrets: true })
  check('params', resource.params, { ...names, secrets: true })
  if (resource.windows) check('windows', { from: resource.windows.from, to: resource.windows.to }, known)
  if (resource.incremental?.initial !== undefined)
    checkTemplates(document, [...path, 'incremental', 'initial'], resource.incremental.initial, known, problems)
}

const readPath = (text: string, path: ConfigPath, { document, problems }: Checking): JsonPath | undefined => {
  try {
    return parseJsonPath(text)
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
    problems.at(document, path, error.message)
    return undefined
  }
}

/** Up to its last wildcard the path must be the way to the record: only then one ancestor is meant. */
const checkInherit = (text: string, records: JsonPath | undefined, path: ConfigPath, checking: Checking): void => {
  if (text.startsWith('parent.')) {
    checking.problems.at(checking.document, path, 'parent.* is not available yet')
    return
  }
  const segments = readPath(text, path, checking)
  if (!segments || !records) return
  const shared = segments.findLastIndex((segment) => segment.kind === 'wildcard') + 1
  const same = JSON.stringify(segments.slice(0, shared)) === JSON.stringify(records.slice(0, shared))
  if (!same || segments.length === 0)
    checking.problems.at(
      checking.document,
      path,
      'must lead to a field of one of the ancestors that `records` names, by the same way',
    )
}

const checkIncremental = (resource: RestResource, path: ConfigPath, { document, problems }: Checking): void => {
  const { incremental } = resource
  if (!incremental) return
  const columns = resource.columns && [
    ...resource.columns,
    ...Object.keys(resource.inherit),
    ...Object.values(resource.rename),
  ]
  if (columns && resource.naming === 'source' && !columns.includes(incremental.cursor))
    problems.at(document, [...path, 'incremental', 'cursor'], `${incremental.cursor} is not among \`columns\``)
}

const checkFile = (
  bucket: string,
  file: FileResource,
  path: ConfigPath,
  { document, operator, problems }: Checking,
): void => {
  checkTemplates(document, [...path, 'glob'], file.glob, {}, problems)
  const refused = operator && bucketProblem(operator, bucket, file.glob)
  if (refused) problems.at(document, [...path, 'glob'], refused)
  if (file.format === 'json') readPath(file.records, [...path, 'records'], { document, operator, problems })
  checkShape(document, path, file, problems)
}
