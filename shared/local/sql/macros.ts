import { CAST_MACROS } from './macros/cast.ts'
import { DATE_MACROS } from './macros/date.ts'
import { LIST_MACROS } from './macros/list.ts'
import { NUMERIC_MACROS } from './macros/numeric.ts'
import { TEXT_MACROS } from './macros/text.ts'

/** The warehouse runs these on each connection: macros and translation count on them. */
export const SESSION_SETTINGS: readonly string[] = [
  `SET TimeZone = 'UTC'`,
  `SET default_null_order = 'nulls_first_on_asc_last_on_desc'`,
]

/** The warehouse runs these, in order, when it opens its database; again and again without harm. A tenant's SQL cannot name them. */
export const MACROS: readonly string[] = [
  'CREATE SCHEMA IF NOT EXISTS gsql',
  ...NUMERIC_MACROS,
  ...CAST_MACROS,
  ...DATE_MACROS,
  ...TEXT_MACROS,
  ...LIST_MACROS,
]
