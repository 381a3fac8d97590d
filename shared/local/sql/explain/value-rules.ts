import { googleTypes } from './error-text.ts'
import { MISSING, word, type Explained, type Rule } from './rule.ts'
import type { TenantText } from './tenant-text.ts'

const overflow = (type: string, tenant: TenantText, sign: RegExp): Explained => ({
  text: `the result is too large for ${type}`,
  token: tenant.only(sign),
})

const SIGNS: Readonly<Record<string, RegExp>> = { addition: /^\+$/, subtraction: /^-$/, multiplication: /^\*$/ }

/** Values that do not fit, found while the query runs. The first that fits counts. */
export const VALUE_RULES: readonly Rule[] = [
  {
    pattern: /^More than one row returned by a subquery/,
    explain: () => ({ text: 'a subquery that stands for one value gives more than one row' }),
  },
  {
    pattern: /^division by zero$/,
    explain: (_, tenant) => ({
      text: 'division by zero: use SAFE_DIVIDE for NULL instead',
      token: tenant.only(/^(\/|DIV|MOD|IEEE_DIVIDE)$/i),
    }),
  },
  {
    pattern: /^Could not cast ([\s\S]*) to ([A-Z0-9]+)$/,
    explain: ([, value = '', type = ''], tenant) => ({
      text: `${JSON.stringify(value)} cannot be cast to ${type}: use SAFE_CAST for NULL instead`,
      token: tenant.only(/^CAST$/i),
    }),
  },
  {
    pattern: /^Array index is out of bounds$/,
    explain: (_, tenant) => ({
      text: 'array index is out of bounds: use SAFE_OFFSET or SAFE_ORDINAL for NULL instead',
      token: tenant.only(/^(OFFSET|ORDINAL)$/i),
    }),
  },
  {
    // RE2's own words.
    pattern:
      /^(?:missing (?:[)\]]|argument to repetition)|no argument for repetition|bad repetition|invalid (?:escape|character class|perl operator|named capture|repetition|nested repetition)|unexpected \)|trailing \\)/,
    explain: (_, tenant, { body }) => ({
      text: `not a regular expression: ${body}`,
      token: tenant.only(/^REGEXP_\w+$/i),
    }),
  },
  {
    pattern: /^Could not convert string ['"]([\s\S]*?)['"] to (\S+?)(?: when casting from source column (\S+))?$/,
    explain: ([, value = '', type = '', from], tenant) => ({
      text: `${JSON.stringify(value)}${from === undefined ? '' : ` in column "${from}"`} is no ${googleTypes(type)}`,
      token: from === undefined ? tenant.firstName() : tenant.name(from),
    }),
  },
  {
    pattern: /^invalid (\w+) field format: "(.*?)", expected format is \((.+)\)/,
    explain: ([, type = '', value = '', format = ''], tenant) => ({
      text: `${JSON.stringify(value)} is no ${type.toUpperCase()}: write it as ${format}`,
      token: tenant.string(value),
    }),
  },
  {
    pattern: /^(date|time|timestamp) field value out of range: "(.*?)"/,
    explain: ([, type = '', value = ''], tenant) => ({
      text: `there is no ${type} ${value}`,
      token: tenant.string(value),
    }),
  },
  {
    pattern: /^Could not parse string "([\s\S]*?)" according to format specifier "(.*?)"/,
    explain: ([, value = '', format = ''], tenant) => ({
      text: `${JSON.stringify(value)} does not have the format ${JSON.stringify(format)}`,
      token: tenant.only(/^PARSE_\w+$/i),
    }),
  },
  {
    pattern: /^Overflow in HUGEINT addition/,
    explain: (_, tenant) => ({ text: `a SUM of NUMERIC beyond 1.7e29 ${MISSING}`, token: tenant.only(/^(SUM|AVG)$/i) }),
  },
  {
    pattern: /^(VAR\w+|STDDEV\w+|COVAR\w+|CORR) is out of range/,
    explain: ([, called = ''], tenant) => {
      const { name, token } = word(called.toLowerCase(), tenant)
      return { text: `${name} of values as large as these ${MISSING}`, token }
    },
  },
  {
    pattern: /^Overflow in (\w+) of (\S+)/,
    explain: ([, what = '', type = ''], tenant) =>
      overflow(
        googleTypes(type.replace(/^INT(16|32)$/, 'INT64')),
        tenant,
        type.startsWith('DECIMAL') ? /^[*+]$/ : (SIGNS[what] ?? /^$/),
      ),
  },
  {
    pattern: /^Could not cast value .* to DECIMAL\(38,9\)|out of range for the destination type DECIMAL/,
    explain: (_, tenant) => overflow('NUMERIC', tenant, /^[-+*/]$/),
  },
]
