import { DataRejectedError, ForbiddenError, InvalidConfigError } from '@convergence/core/errors.ts'
import { parseJsonPath } from '@convergence/core/json-path.ts'
import type { RestApiSource, RestResource } from '@convergence/core/config/source.ts'
import type { TemplateScope } from '@convergence/core/templates.ts'
import { renderJson, renderTemplate } from '@convergence/core/templates.ts'
import type { ConnectorContext } from '../connector.ts'
import type { JsonValue } from '../json-records.ts'
import type { Credentials } from './credentials.ts'
import type { PageAddress } from './pagination.ts'
import type { Slot } from './slots.ts'

export interface PageRequest {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  /** For messages: method, origin and path; the query may hold keys. */
  readonly name: string
}

type Scalar = string | number | boolean

/** The request of one page. Secrets reach headers and parameters only. Throws InvalidConfigError, ForbiddenError. */
export const pageRequest = (
  context: ConnectorContext<RestApiSource>,
  resource: RestResource,
  slot: Slot,
  page: PageAddress,
  credentials: Credentials,
): PageRequest => {
  const scope: TemplateScope = { ...context.scope, ...(slot.window && { window: slot.window }) }
  const open: TemplateScope = { ...scope, secrets: credentials.secrets }
  const base = new URL(context.source.base_url)
  const url = page.url === undefined ? resourceUrl(base, renderTemplate(resource.path, scope)) : new URL(page.url)
  if (url.origin !== base.origin) {
    throw new ForbiddenError(
      `the next page of ${context.resource} is on another origin, ${url.origin}: credentials are not sent there`,
    )
  }
  if (page.url === undefined) addParams(url, { ...context.source.params, ...resource.params }, open)
  const headers: Record<string, string> = { accept: 'application/json' }
  for (const [name, value] of [...Object.entries(context.source.headers), ...Object.entries(resource.headers)]) {
    headers[name.toLowerCase()] = renderTemplate(value, open)
  }
  Object.assign(headers, credentials.headers)
  for (const [name, value] of Object.entries(page.headers ?? {})) headers[name.toLowerCase()] = textOf(value)
  for (const [name, value] of Object.entries({ ...page.query, ...credentials.query }))
    url.searchParams.set(name, textOf(value))
  const body = bodyOf(resource, page.body ?? {}, scope)
  if (body !== undefined) headers['content-type'] ??= body.type
  return {
    method: resource.method,
    url,
    headers,
    body: body?.text,
    name: `${resource.method} ${url.origin}${url.pathname}`,
  }
}

const resourceUrl = (base: URL, path: string): URL => {
  const url = new URL(`${base.origin}${base.pathname.replace(/\/$/, '')}${path}`)
  for (const [name, value] of base.searchParams) if (!url.searchParams.has(name)) url.searchParams.append(name, value)
  return url
}

const addParams = (
  url: URL,
  params: Readonly<Record<string, Scalar | readonly Scalar[]>>,
  scope: TemplateScope,
): void => {
  for (const [name, values] of Object.entries(params)) {
    for (const value of [values].flat())
      url.searchParams.append(name, typeof value === 'string' ? renderTemplate(value, scope) : String(value))
  }
}

const bodyOf = (
  resource: RestResource,
  page: Readonly<Record<string, JsonValue>>,
  scope: TemplateScope,
): { type: string; text: string } | undefined => {
  const { body } = resource
  if (body !== undefined && 'form' in body) {
    const form = new URLSearchParams()
    for (const [name, value] of Object.entries(body.form))
      form.append(name, typeof value === 'string' ? renderTemplate(value, scope) : String(value))
    for (const [name, value] of Object.entries(page)) form.set(name, textOf(value))
    return { type: 'application/x-www-form-urlencoded', text: form.toString() }
  }
  const added = Object.entries(page)
  if (body === undefined && added.length === 0) return undefined
  let json = body === undefined ? {} : renderJson(body.json, scope)
  for (const [path, value] of added) json = withValue(json, path, value)
  return { type: 'application/json', text: JSON.stringify(json) }
}

/** A cursor as a text: most are texts already, others are sent as the JSON that they came as. */
const textOf = (value: JsonValue): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** A copy with the value at a path of names: `variables.after`. */
const withValue = (json: unknown, path: string, value: JsonValue): unknown => {
  const set = (at: unknown, names: readonly string[]): unknown => {
    const [name, ...rest] = names
    if (name === undefined) return value
    if (at !== undefined && (typeof at !== 'object' || at === null || Array.isArray(at))) {
      throw new InvalidConfigError(`pagination.param: ${path} leads into a value of the body that is not an object`)
    }
    const object = (at ?? {}) as Record<string, unknown>
    return Object.fromEntries([
      ...Object.entries(object).filter(([key]) => key !== name),
      [name, set(object[name], rest)],
    ])
  }
  const names = parseJsonPath(path).map((segment) => {
    if (segment.kind !== 'name') throw new InvalidConfigError(`pagination.param: ${path} must be a path of names`)
    return segment.name
  })
  return set(json, names)
}

/** The next page's URL, as an answer gives it. */
export const resolveUrl = (text: string, base: string): string => {
  const url = URL.parse(text, base)
  if (url === null)
    throw new DataRejectedError(`the next page's address is not a URL: ${JSON.stringify(text.slice(0, 100))}`)
  return url.href
}
