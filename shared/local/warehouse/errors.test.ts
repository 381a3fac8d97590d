import { DataRejectedError } from '@convergence/core/errors.ts'
import { describe, expect, test } from 'vitest'
import { failureOf, isConflict, isInvalidated } from './errors.ts'

describe('failureOf', () => {
  test.each([
    [
      'TransactionContext Error: Catalog write-write conflict on create with "zz"',
      'UNAVAILABLE',
      true,
      'another job changed the same table at the same time; nothing of this job was written',
    ],
    [
      'TransactionContext Error: Conflict on update!',
      'UNAVAILABLE',
      true,
      'another job changed the same table at the same time; nothing of this job was written',
    ],
    [
      'IO Error: Could not write file "/x/y": No space left on device',
      'UNAVAILABLE',
      true,
      'the disk is full: free some space, then run it again',
    ],
    [
      'Constraint Error: NOT NULL constraint failed: usage.id',
      'DATA_REJECTED',
      false,
      'column "id" is REQUIRED, and a row has no value for it',
    ],
    [
      `Conversion Error: Could not convert string 'x' to INT64\n\nLINE 1: SELECT …`,
      'DATA_REJECTED',
      false,
      `Could not convert string 'x' to INT64`,
    ],
    ['Invalid Input Error: Out of Memory, says the tenant', 'DATA_REJECTED', false, 'Out of Memory, says the tenant'],
    ['Invalid Input Error: division by zero', 'DATA_REJECTED', false, 'division by zero'],
    [
      'Binder Error: Referenced column "x" not found in FROM clause!\nCandidate bindings: "id"\n\nLINE 1: …',
      'INVALID_CONFIG',
      false,
      'Referenced column "x" not found in FROM clause! Candidate bindings: "id"',
    ],
    [
      `IO Error: No files found that match the pattern "/home/me/objects/part.parquet"`,
      'UNAVAILABLE',
      true,
      'a file of the warehouse could not be read or written: No files found that match the pattern "part.parquet"',
    ],
    ['something new', 'INTERNAL', true, 'the warehouse failed: something new'],
  ])('of %j', (text, code, retryable, message) => {
    expect(failureOf(new Error(text))).toEqual({ code, retryable, message })
  })

  test('keeps what is ours already', () => {
    expect(failureOf(new DataRejectedError('bad key'))).toEqual({
      code: 'DATA_REJECTED',
      retryable: false,
      message: 'bad key',
    })
  })
})

test('a failed checkpoint invalidates the database, a conflict does not', () => {
  expect(isInvalidated(new Error('FATAL Error: Failed to create checkpoint because of error: …'))).toBe(true)
  expect(isInvalidated(new Error('Failed: database has been invalidated because of a previous fatal error.'))).toBe(
    true,
  )
  expect(isInvalidated(new Error('TransactionContext Error: Conflict on update!'))).toBe(false)
  expect(isConflict(new Error('TransactionContext Error: Conflict on tuple deletion!'))).toBe(true)
  expect(
    isConflict(
      new Error(
        'TransactionContext Error: Failed to commit: PRIMARY KEY or UNIQUE constraint violation: duplicate key "q"',
      ),
    ),
  ).toBe(true)
  expect(isConflict(new Error('Constraint Error: Duplicate key'))).toBe(false)
})
