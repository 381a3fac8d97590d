import { ForbiddenError, InvalidInputError } from '@convergence/core/errors.ts'
import { addressKind, isLocalName } from './address.ts'

/** A URL that may be asked, and whether the operator allows its host by name. */
export interface Target {
  readonly url: URL
  readonly allowed: boolean
}

/** For messages and logs: values of the query are left out, since keys are sent there. */
export const safeUrl = (url: URL): string => {
  const names = [...new Set(url.searchParams.keys())].map((name) => `${name}=…`)
  return `${url.origin}${url.pathname}${names.length > 0 ? `?${names.join('&')}` : ''}`
}

/** The host as it is compared: lower case (URL does that), without the trailing dot that makes a name absolute. */
const hostOf = (url: URL): string => url.hostname.replace(/\.$/, '')

const portOf = (url: URL): string => url.port || (url.protocol === 'https:' ? '443' : '80')

/** Throws InvalidInputError (no URL), ForbiddenError (scheme, credentials or name not allowed). Addresses are checked when they are connected to. */
export const checkTarget = (text: string, allowedHosts: readonly string[], base?: string): Target => {
  const url = URL.parse(text, base)
  if (url === null) throw new InvalidInputError('the URL is not valid: it needs https:// and a host')
  const host = hostOf(url)
  const allowed = allowedHosts.includes(host) || allowedHosts.includes(`${host}:${portOf(url)}`)
  if (!allowed && addressKind(host.replace(/^\[|\]$/g, '')) === 'metadata') throw forbiddenAddress(host, host)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowed)) {
    const fix =
      url.protocol === 'http:'
        ? `; the operator can allow http by adding ${host}:${portOf(url)} to \`hosts\` in configs/_platform/tenants/`
        : ''
    throw new ForbiddenError(`${safeUrl(url)} is not allowed: only https${fix}`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new ForbiddenError(`the URL of ${host} holds a user name or a password: use \`auth\` with secrets instead`)
  }
  if (!allowed && isLocalName(host)) throw forbiddenAddress(host, host)
  return { url, allowed }
}

export const forbiddenAddress = (host: string, address: string): ForbiddenError => {
  const what = host === address ? 'it is' : `it leads to ${address},`
  // Nobody is told how to open the way to a machine's own credentials.
  const kind =
    addressKind(address.replace(/^\[|\]$/g, '')) === 'metadata' || /metadata|instance-data/.test(host)
      ? 'a metadata or link-local address'
      : 'a private address (the operator can add the host to `hosts` in configs/_platform/tenants/)'
  return new ForbiddenError(`connections to ${host} are not allowed: ${what} ${kind}`)
}
