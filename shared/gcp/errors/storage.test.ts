import { expect, test } from 'vitest'
import type { PlatformError } from '@convergence/core/errors.ts'
import { openClients } from '../clients.ts'
import { startAnswering, type Answer } from '../testing/answering-server.ts'
import { STORAGE_ERRORS } from '../testing/storage-errors.ts'
import { fromStorageError } from './storage.ts'

/** What the client makes of an answer becomes of a look at the metadata, and of a read. */
const errorsOf = async (answer: Answer): Promise<PlatformError[]> => {
  const server = await startAnswering([answer])
  const storage = await openClients('p1', { storage: server.endpoint }).storage()
  const file = storage.bucket('b').file('a/b')
  const caught = (error: unknown) => fromStorageError(error, 'object b/a/b')
  try {
    return [
      await file.getMetadata().then(unexpected, caught),
      await Array.fromAsync(file.createReadStream() as AsyncIterable<unknown>).then(unexpected, caught),
    ]
  } finally {
    await server.stop()
  }
}
const unexpected = (): never => {
  throw new Error('it did not fail')
}

test.each([
  ['invalid', 'INVALID_INPUT', false],
  ['otherChecksum', 'UNAVAILABLE', true],
  ['loginRequired', 'UNAUTHENTICATED', false],
  ['forbidden', 'FORBIDDEN', false],
  ['rateOfUser', 'UNAVAILABLE', true],
  ['notFound', 'NOT_FOUND', false],
  ['timeout', 'UNAVAILABLE', true],
  ['conditionNotMet', 'CONFLICT', false],
  ['tooLarge', 'LIMIT_EXCEEDED', false],
  ['rateOfObject', 'UNAVAILABLE', true],
  ['internalError', 'UNAVAILABLE', true],
  ['badGateway', 'UNAVAILABLE', true],
  ['backendError', 'UNAVAILABLE', true],
] as const)('an answer %s is %s, retryable: %s', async (name, code, retryable) => {
  const answer: Answer = STORAGE_ERRORS[name]
  for (const error of await errorsOf(answer)) {
    expect(error).toMatchObject({ code, retryable, details: { status: answer.status } })
    expect(error.message).toMatch(/^object b\/a\/b: /)
  }
})

test('a rate limit says when to come back: as the header does, else in a second', async () => {
  const withHeader = { ...STORAGE_ERRORS.rateOfObject, headers: { 'retry-after': '7' } }
  expect((await errorsOf(withHeader)).map(({ retryAfterMs }) => retryAfterMs)).toEqual([7_000, 7_000])
  expect((await errorsOf(STORAGE_ERRORS.rateOfUser)).map(({ retryAfterMs }) => retryAfterMs)).toEqual([1_000, 1_000])
})

test('the message is Google’s, not the body around it', async () => {
  for (const { message } of await errorsOf(STORAGE_ERRORS.conditionNotMet))
    expect(message).toBe('object b/a/b: At least one of the pre-conditions you specified did not hold.')
})

test('a server that is not there is unavailable', async () => {
  const server = await startAnswering([STORAGE_ERRORS.notFound])
  await server.stop()
  const storage = await openClients('p1', { storage: server.endpoint }).storage()
  const error: unknown = await storage
    .bucket('b')
    .file('a')
    .getMetadata()
    .then(unexpected, (thrown: unknown) => thrown)
  expect(fromStorageError(error, 'x')).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
})
