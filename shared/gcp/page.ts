import { InvalidInputError } from '@convergence/core/errors.ts'

/** Cloud Storage lists no more at once (https://cloud.google.com/storage/docs/json_api/v1/objects/list). */
const MOST = 1_000

export const pageLimit = (limit: number | undefined, fallback: number): number => {
  const wanted = limit ?? fallback
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > MOST)
    throw new InvalidInputError(`limit ${wanted} is not a whole number from 1 to ${MOST}`)
  return wanted
}
