import { ForbiddenError, UnavailableError } from '@convergence/core/errors.ts'
import type { Target } from './url.ts'
import { checkTarget, safeUrl } from './url.ts'

export const MAX_REDIRECTS = 5

/** One request of an exchange, before or after redirects. */
export interface Hop {
  readonly target: Target
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | undefined
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** All that another origin is told. A key may be in any header, so that the others stay behind. */
const HARMLESS: ReadonlySet<string> = new Set(['accept', 'accept-encoding', 'accept-language', 'user-agent'])

/** The request that a redirect asks for; undefined when the answer is none. Throws ForbiddenError, UnavailableError. */
export const nextHop = (
  hop: Hop,
  status: number,
  location: string | undefined,
  allowedHosts: readonly string[],
): Hop | undefined => {
  if (!REDIRECTS.has(status) || location === undefined) return undefined
  const from = hop.target.url
  if (!URL.canParse(location, from.href))
    throw new UnavailableError(`${safeUrl(from)} redirects to something that is no URL`)
  const target = redirectTarget(from, location, allowedHosts)
  const keepsBody = status === 307 || status === 308 || hop.method === 'GET' || hop.method === 'HEAD'
  const body = keepsBody ? hop.body : undefined
  const method = keepsBody ? hop.method : 'GET'
  if (target.url.origin === from.origin)
    return { target, method, headers: keepsBody ? hop.headers : without(hop.headers, 'content-type'), body }
  if (body !== undefined)
    throw new ForbiddenError(
      `${safeUrl(from)} redirects a request with a body to another origin, ${target.url.origin}: name that URL in the source`,
    )
  return {
    target,
    method,
    headers: Object.fromEntries(Object.entries(hop.headers).filter(([name]) => HARMLESS.has(name))),
    body: undefined,
  }
}

const redirectTarget = (from: URL, location: string, allowedHosts: readonly string[]): Target => {
  try {
    return checkTarget(location, allowedHosts, from.href)
  } catch (error) {
    throw afterRedirect(error, from)
  }
}

/** A refusal of an address that nobody wrote into the config is told with who named it. */
export const afterRedirect = (error: unknown, from: URL | undefined): unknown =>
  from && error instanceof ForbiddenError && !error.message.includes(REDIRECTS_ELSEWHERE)
    ? new ForbiddenError(`${safeUrl(from)}${REDIRECTS_ELSEWHERE}${error.message}`)
    : error

const REDIRECTS_ELSEWHERE = ' redirects elsewhere: '

const without = (headers: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name))
