import { z } from 'zod'
import { DURATION_PATTERN, parseDuration } from '../durations.ts'
import { COLUMN_NAME_PATTERN, ID_PATTERN, TENANT_ID_PATTERN } from '../ids.ts'
import { parseSize, SIZE_PATTERN } from '../sizes.ts'

/** Fields that many files share. A duration is written `30s` and read as milliseconds, a size is written `64MB` and read as bytes. */
export const id = z
  .string()
  .regex(ID_PATTERN, 'must be lower-case letters, digits and _, start with a letter, at most 63 characters')

export const tenantId = z
  .string()
  .regex(TENANT_ID_PATTERN, 'must be 3 to 30 lower-case letters and digits, and start with a letter')

export const columnName = z
  .string()
  .regex(COLUMN_NAME_PATTERN, 'must be a column name: letters, digits and _, at most 300, not starting with a digit')

const pair = (separator: string, what: string) =>
  z.string().regex(new RegExp(`^[a-z][a-z0-9_]{0,62}${separator}[a-z][a-z0-9_]{0,62}$`), `must be ${what}`)

export const sourceRef = pair('\\.', '`source.resource`')
export const tableRef = pair('\\.', '`dataset.table`')
export const sqlRef = pair('/', '`dataset/name`, the file sql/dataset/name.sql without its ending')

export const durationMs = z
  .string()
  .regex(DURATION_PATTERN, 'must be a duration such as 30s, 10m, 2h or 7d')
  .transform((text) => parseDuration(text) ?? 0)

/** Longer than nothing. */
export const positiveDurationMs = z
  .string()
  .regex(DURATION_PATTERN, 'must be a duration such as 30s, 10m, 2h or 7d')
  .regex(/[1-9]/, 'must be longer than 0')
  .transform((text) => parseDuration(text) ?? 0)

export const sizeBytes = z
  .string()
  .regex(SIZE_PATTERN, 'must be a size such as 64MB or 10GB')
  .regex(/[1-9]/, 'must be larger than 0')
  .transform((text) => parseSize(text) ?? 0)

const isTimeZone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return !/^[+-]/.test(name)
  } catch {
    return false
  }
}

export const timeZone = z
  .string()
  .refine(isTimeZone, 'must be a time zone of the IANA database, such as UTC or Europe/Berlin')

/** An option whose engine is not there yet: refused, never ignored. */
export const notYet = () => z.never('is not available yet').optional()

export const description = z.string().max(2_000).optional()

/** The secret's name, never its value: `{ secret: name }`. */
export const secretRef = z.strictObject({ secret: id })
export type SecretRef = z.infer<typeof secretRef>

export const scalar = z.union([z.string(), z.number(), z.boolean()], 'must be a text, a number or a boolean')

/** Tells what a union's discriminator may be, and which of its values are known and not available yet. */
export const oneOf =
  (key: string, available: readonly string[], later: readonly string[] = []) =>
  (issue: { readonly input?: unknown }): string => {
    const given =
      typeof issue.input === 'object' && issue.input !== null
        ? (issue.input as Record<string, unknown>)[key]
        : undefined
    if (given === undefined)
      return typeof issue.input === 'object' ? `is missing: one of ${available.join(', ')}` : 'must be a mapping'
    if (typeof given === 'string' && later.includes(given)) return `${given} is not available yet`
    return `must be one of ${available.join(', ')}`
  }
