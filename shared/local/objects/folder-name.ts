import { ForbiddenError } from '@convergence/core/errors.ts'

/** What editors, browsers and copying programs leave while they write. */
const TEMPORARY = /(~|\.(tmp|temp|part|partial|crdownload|swp|swx))$/i

const isVisible = (segment: string) => segment !== '' && !segment.startsWith('.') && !TEMPORARY.test(segment)

/** Whether a file of that name counts as an object: hidden and temporary ones do not. */
export const isObjectName = (name: string): boolean =>
  name.length <= 1_024 && !name.includes('\0') && name.split('/').every(isVisible)

export const assertObjectName = (bucket: string, name: string): void => {
  if (!isObjectName(name))
    throw new ForbiddenError(
      `${JSON.stringify(name)} cannot name a file in bucket ${bucket}: no part may be empty, start with a dot, or end as temporary files do`,
    )
}
