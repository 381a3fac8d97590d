import { timingSafeEqual } from 'node:crypto'
import { toPlatformError, type ErrorCode } from '@convergence/core/errors.ts'
import type { Log } from '@convergence/core/ports/log.ts'
import type { Platform } from './platform.ts'

/** How a failure crosses. */
export interface LocalFailure {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
}

const OPERATIONS = [
  'createTenant',
  'createKey',
  'requestRun',
  'lookAtRun',
  'explainRun',
  'listRuns',
  'replayRun',
  'cancelRun',
  'query',
] as const satisfies readonly (keyof Platform)[]
export type Operation = (typeof OPERATIONS)[number]

/** `POST /{operation}` with the token of a file that only the project's owner can read: the same person as at the keyboard. */
export const serveLocal =
  (platform: Platform, token: string, log: Log) =>
  async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url)
    if (!isToken(request.headers.get('authorization') ?? '', token)) return new Response('', { status: 401 })
    const operation = OPERATIONS.find((name) => pathname === `/${name}`)
    if (!operation || request.method !== 'POST') return new Response('', { status: 404 })
    try {
      // The other side is this very program, of the same checkout.
      const input = (await request.json()) as never
      return Response.json(await platform[operation](input))
    } catch (thrown) {
      const error = toPlatformError(thrown)
      if (error.code === 'INTERNAL') log.error('a local request failed', { operation, error })
      const { code, retryable, message, details } = error
      return Response.json({ code, retryable, message, details } satisfies LocalFailure, { status: 422 })
    }
  }

const isToken = (header: string, token: string): boolean => {
  const [given, wanted] = [Buffer.from(header), Buffer.from(`Bearer ${token}`)]
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}
