import { z } from 'zod'

/** Cloud Storage's rule; embedded it is a folder, so that no name may step out of it. */
export const bucketName = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9_-]|\.(?!\.)){1,61}[a-z0-9]$/,
    'must be a bucket name: 3 to 63 lower-case letters, digits, `-`, `_` and single dots',
  )
