import { basename } from 'node:path'
import { PlatformError } from '@convergence/core/errors.ts'
import type { JobFailure } from '@convergence/core/ports/warehouse.ts'

/** DuckDB's errors carry no code: what happened is told by their text alone. */
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** What DuckDB says itself: the text of an Invalid Input Error may be a tenant's, by ERROR. */
const isForeign = (error: unknown): boolean =>
  !(error instanceof PlatformError) && !textOf(error).startsWith('Invalid Input Error')

/** A failed checkpoint: every further statement fails until the file is opened again. */
export const isInvalidated = (error: unknown): boolean =>
  isForeign(error) && /database has been invalidated|^FATAL Error|Failed to create checkpoint/.test(textOf(error))

/** Two transactions changed the same thing: the later one may succeed when it runs again. */
export const isConflict = (error: unknown): boolean =>
  isForeign(error) &&
  /Conflict on (update|tuple deletion)|altered by a different transaction|write-write conflict|Transaction conflict|Failed to commit: .*(constraint violation|conflict)/i.test(
    textOf(error),
  )

const unavailable = (message: string): JobFailure => ({ code: 'UNAVAILABLE', retryable: true, message })
const rejected = (message: string): JobFailure => ({ code: 'DATA_REJECTED', retryable: false, message })

interface Rule {
  readonly pattern: RegExp
  readonly failure: (match: RegExpExecArray, text: string) => JobFailure
}

/** The first that fits counts. */
const RULES: readonly Rule[] = [
  { pattern: /^Invalid Input Error/, failure: (_, text) => rejected(clean(text)) },
  {
    pattern: /No space left on device|disk is full|max_temp_directory_size/i,
    failure: () => unavailable('the disk is full: free some space, then run it again'),
  },
  {
    pattern: /database has been invalidated|^FATAL Error|Failed to create checkpoint/,
    failure: () =>
      unavailable('the warehouse file had to be opened again (the disk may be full); nothing of this job was written'),
  },
  {
    pattern: /Out of Memory/i,
    failure: () =>
      unavailable("the job needs more memory than DuckDB's limit: raise the limit, or load fewer rows at a time"),
  },
  {
    pattern:
      /Conflict on|altered by a different transaction|write-write conflict|Transaction conflict|Failed to commit/,
    failure: () => unavailable('another job changed the same table at the same time; nothing of this job was written'),
  },
  { pattern: /INTERRUPT/i, failure: () => unavailable('the job was interrupted; nothing of it was written') },
  {
    pattern: /NOT NULL constraint failed: (?:\S+\.)?(\S+)/,
    failure: (match) => rejected(`column "${match[1]}" is REQUIRED, and a row has no value for it`),
  },
  {
    pattern: /Could not set lock on file/,
    failure: () => unavailable('another process has the warehouse file open: end it first'),
  },
  {
    pattern: /^(IO|HTTP) Error|Permission Error/,
    failure: (_, text) => unavailable(`a file of the warehouse could not be read or written: ${clean(text)}`),
  },
  {
    pattern: /^(Conversion|Out of Range|Constraint|Mismatch Type) Error/,
    failure: (_, text) => rejected(clean(text)),
  },
  {
    pattern: /^(Binder|Catalog|Parser|Syntax|Not implemented|Dependency) Error/,
    failure: (_, text) => ({ code: 'INVALID_CONFIG', retryable: false, message: clean(text) }),
  },
]

/** Any thrown value as a job's failure: unknown ones are retryable. */
export const failureOf = (error: unknown): JobFailure => {
  if (error instanceof PlatformError) return { code: error.code, retryable: error.retryable, message: error.message }
  const text = textOf(error)
  for (const { pattern, failure } of RULES) {
    const match = pattern.exec(text)
    if (match) return failure(match, text)
  }
  return { code: 'INTERNAL', retryable: true, message: `the warehouse failed: ${clean(text)}` }
}

export const toPlatformError = (error: unknown): PlatformError => {
  if (error instanceof PlatformError) return error
  const { code, retryable, message } = failureOf(error)
  return new PlatformError(code, retryable, message, { cause: error })
}

/** The sentence of the message, without its class, the statement's text and the folders of this machine. */
const clean = (text: string): string =>
  (text.split(/\n\s*\n|\nLINE /)[0] ?? text)
    .replace(/^(?:[A-Za-z]+ )+Error: /, '')
    .replace(
      /"(\/[^"]*)"|'(\/[^']*)'/g,
      (_, double?: string, single?: string) => `"${basename(double ?? single ?? '')}"`,
    )
    .replace(/\s+/g, ' ')
    .trim()
