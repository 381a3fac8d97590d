import { InvalidInputError } from '@convergence/core/errors.ts'

/** Pages over a sorted set: the token names the last entry of the page before. */
export const pageStart = (pageToken: string | undefined): string =>
  pageToken === undefined ? '' : Buffer.from(pageToken, 'base64url').toString()

export const nextPageToken = (names: readonly string[], limit: number): { nextPageToken?: string } =>
  names.length < limit ? {} : { nextPageToken: Buffer.from(names.at(-1)!).toString('base64url') }

const MOST = 1_000

export const pageLimit = (limit: number | undefined, fallback: number): number => {
  const wanted = limit ?? fallback
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > MOST)
    throw new InvalidInputError(`limit ${wanted} is not a whole number from 1 to ${MOST}`)
  return wanted
}
