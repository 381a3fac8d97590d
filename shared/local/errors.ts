import { ForbiddenError, NotFoundError, PlatformError, UnavailableError } from '@convergence/core/errors.ts'
import type { ErrorShape } from './database/commit-together.ts'

/** SQLite's primary result codes; the extended ones carry them in their low byte. */
const BUSY = 5
const READONLY = 8
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const NOTADB = 26

/** Of no use until somebody has repaired it: trying again does not help. */
const unusable = (message: string, cause: unknown): PlatformError =>
  new PlatformError('UNAVAILABLE', false, message, { cause })

/** What went wrong with the state file, and what to do. */
export const fromSqliteError = (error: ErrorShape, path: string): PlatformError => {
  const cause = Object.assign(new Error(error.message), error)
  switch ((error.errcode ?? 0) & 0xff) {
    case FULL:
      return new UnavailableError(`the disk is full: ${path} cannot be written; free some space`, { cause })
    case BUSY:
      return new UnavailableError(`another program holds ${path}; close it (a database browser, perhaps)`, { cause })
    case CORRUPT:
    case NOTADB:
      return unusable(
        `${path} is damaged (${error.message}): restore it and the -wal beside it from a backup, or, to start anew without what was loaded, move its whole folder away`,
        cause,
      )
    case READONLY:
    case CANTOPEN:
      return new ForbiddenError(`${path} cannot be opened for writing; check its owner and mode, and its folder's`, {
        cause,
      })
    default:
      return new UnavailableError(`${path}: ${error.message}`, { cause })
  }
}

/** What went wrong with a file or folder, and what to do. */
export const fromFileError = (error: unknown, path: string): unknown => {
  if (error instanceof PlatformError) return error
  const options = { cause: error }
  switch ((error as NodeJS.ErrnoException).code) {
    case undefined:
      return error
    case 'ENOSPC':
    case 'EDQUOT':
      return new UnavailableError(`the disk is full: ${path} cannot be written; free some space`, options)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new ForbiddenError(`${path} may not be used; check its owner and mode, and its folder's`, options)
    case 'ENOENT':
    case 'ENOTDIR':
      return new NotFoundError(`${path} is not there`, options)
    case 'EMFILE':
    case 'ENFILE':
      return new UnavailableError(`too many open files at ${path}; raise the limit with ulimit -n`, options)
    default:
      return new UnavailableError(`${path}: ${(error as Error).message}`, options)
  }
}
