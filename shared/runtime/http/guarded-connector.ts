import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import type { LookupFunction, Socket } from 'node:net'
import { buildConnector } from 'undici'
import type { AddressKind } from './address.ts'
import { addressKind } from './address.ts'
import { forbiddenAddress } from './url.ts'

/** All addresses of a name, as `dns.lookup(name, { all: true })` gives them. */
export type Resolve = (
  hostname: string,
  callback: (error: Error | null, addresses: readonly LookupAddress[]) => void,
) => void

export interface ConnectorOptions {
  readonly resolve: Resolve
  readonly connectTimeoutMs: number
  /** The operator allows the hosts of these connections: private addresses are good, metadata addresses only when they are named as such. */
  readonly allowed: boolean
}

/**
 * Opens sockets to addresses that were checked. A name is looked up once, what is forbidden is left out, and the socket gets no
 * other addresses to try; the peer's address is checked again before a byte of the request is sent.
 */
export const guardedConnector = ({
  resolve,
  connectTimeoutMs,
  allowed,
}: ConnectorOptions): buildConnector.connector => {
  const isGood = (kind: AddressKind, literal: boolean) =>
    kind === 'public' || (allowed && (kind === 'private' || literal))
  const lookup: LookupFunction = (hostname, options, callback) => {
    resolve(hostname, (error, addresses) => {
      if (error !== null) return callback(error, [])
      const good = addresses.filter(({ address }) => isGood(addressKind(address), false))
      const [first] = good
      if (first === undefined) callback(forbiddenAddress(hostname, addresses[0]?.address ?? 'no address'), [])
      else if (options.all) callback(null, good)
      else callback(null, first.address, first.family)
    })
  }
  const connect = buildConnector({ timeout: connectTimeoutMs, allowH2: false, lookup } as buildConnector.BuildOptions)
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '')
    const literal = isIP(host) !== 0
    if (literal && !isGood(addressKind(host), true)) return callback(forbiddenAddress(host, host), null)
    connect(options, (...[error, socket]) => {
      if (error !== null) return callback(error, null)
      const peer = peerOf(socket)
      if (isGood(addressKind(peer), literal)) return callback(null, socket)
      socket.destroy()
      callback(forbiddenAddress(host, peer), null)
    })
  }
}

const peerOf = (socket: Socket): string => socket.remoteAddress ?? 'an unknown address'
