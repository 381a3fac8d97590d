import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export const AUDIENCE = 'https://work.example'
export const CALLER = 'pusher@project.iam.gserviceaccount.com'

/** An issuer of OIDC tokens, with discovery and a key set as Google has them. */
export interface TokenIssuer {
  readonly issuer: string
  /** How often the keys were asked for. */
  readonly asked: () => number
  /** What the claims are not given for is as it should be. */
  readonly token: (claims?: Record<string, unknown>, header?: Record<string, unknown>, key?: KeyObject) => string
  readonly rotate: () => void
  readonly stop: () => void
}

export const startTokenIssuer = async (): Promise<TokenIssuer> => {
  let [pair, keyId, asked] = [newKeys(), 1, 0]
  const server = createServer((request, response) => {
    const isKeys = request.url === '/keys'
    if (isKeys) asked++
    const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: `k${keyId}`, use: 'sig', alg: 'RS256' }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(isKeys ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    asked: () => asked,
    token: (claims = {}, header = {}, key = pair.privateKey) => {
      const now = Math.floor(Date.now() / 1000)
      const usual = { iss: issuer, aud: AUDIENCE, email: CALLER, email_verified: true, iat: now, exp: now + 3600 }
      const parts = [
        { alg: 'RS256', kid: `k${keyId}`, typ: 'JWT', ...header },
        { ...usual, ...claims },
      ]
      const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
      return `${text}.${sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`
    },
    rotate: () => {
      pair = newKeys()
      keyId++
    },
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

export const newKeys = (): { publicKey: KeyObject; privateKey: KeyObject } =>
  generateKeyPairSync('rsa', { modulusLength: 2048 })
