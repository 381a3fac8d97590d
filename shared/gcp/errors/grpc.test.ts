import { afterAll, expect, test } from 'vitest'
import { openClients } from '../clients.ts'
import { startAnswering, type Answer } from '../testing/answering-server.ts'
import { RPC_ERRORS } from '../testing/rpc-errors.ts'
import { fromGrpcError } from './grpc.ts'

const closing: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const close of closing) await close()
})

/** The client that speaks HTTP makes the same errors of a Status as those that speak gRPC: code, message, details. */
const errorOf = async (answer: Answer) => {
  const server = await startAnswering([answer])
  const clients = openClients('p1', { secrets: server.endpoint })
  closing.push(server.stop, clients.close)
  const client = await clients.secrets()
  const thrown: unknown = await client
    .accessSecretVersion({ name: 'projects/p1/secrets/acme_key/versions/latest' }, { retry: null })
    .then(
      () => undefined,
      (error: unknown) => error,
    )
  return fromGrpcError(thrown, 'secret acme_key')
}

test.each([
  ['invalidArgument', 'INVALID_INPUT', false],
  ['failedPrecondition', 'CONFLICT', false],
  ['unauthenticated', 'UNAUTHENTICATED', false],
  ['permissionDenied', 'FORBIDDEN', false],
  ['notFound', 'NOT_FOUND', false],
  ['alreadyExists', 'CONFLICT', false],
  ['aborted', 'UNAVAILABLE', true],
  ['quota', 'UNAVAILABLE', true],
  ['internal', 'UNAVAILABLE', true],
  ['unimplemented', 'INTERNAL', false],
  ['unavailable', 'UNAVAILABLE', true],
  ['deadlineExceeded', 'UNAVAILABLE', true],
] as const)('a status %s is %s, retryable: %s', async (name, code, retryable) => {
  const error = await errorOf(RPC_ERRORS[name])
  expect(error).toMatchObject({ code, retryable })
  expect(error.message).toMatch(/^secret acme_key: /)
})

test('a quota says when to come back: as its details do, else in half a minute', async () => {
  expect((await errorOf(RPC_ERRORS.quotaWithDelay)).retryAfterMs).toBe(12_500)
  expect((await errorOf(RPC_ERRORS.quota)).retryAfterMs).toBe(30_000)
  // As gRPC's own decoding gives a Duration.
  const decoded = { code: 8, message: 'quota', statusDetails: [{ retryDelay: { seconds: '3', nanos: 500_000_000 } }] }
  expect(fromGrpcError(decoded, 'x').retryAfterMs).toBe(3_500)
})

test('what nobody foresaw is retryable', () => {
  expect(fromGrpcError(new Error('odd'), 'x')).toMatchObject({ code: 'INTERNAL', retryable: true })
})
