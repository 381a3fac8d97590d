import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { openGoogleSql, type GoogleSql } from './testing/google-sql.ts'

/** NUMERIC against whole numbers of JavaScript: units of 1e-9. */
let google: GoogleSql
beforeAll(async () => {
  google = await openGoogleSql()
})

const SCALE = 1_000_000_000n
const LIMIT = 10n ** 38n
const text = (units: bigint): string => {
  const absolute = units < 0n ? -units : units
  return `${units < 0n ? '-' : ''}${absolute / SCALE}.${String(absolute % SCALE).padStart(9, '0')}`
}

/** Half away from zero. */
const divide = (n: bigint, d: bigint): bigint => {
  const absolute = ((n < 0n ? -n : n) * 2n + (d < 0n ? -d : d)) / (2n * (d < 0n ? -d : d))
  return n < 0n !== d < 0n ? -absolute : absolute
}

const units = fc.oneof(
  fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }),
  fc.bigInt({ min: -(10n ** 29n), max: 10n ** 29n }),
  fc.bigInt({ min: -2000n, max: 2000n }),
)
const pairs = fc.array(fc.tuple(units, units), { minLength: 300, maxLength: 300 })

/** Each pair through one expression, in one query. */
const evaluate = async (
  expression: string,
  rows: readonly (readonly [bigint, bigint])[],
): Promise<(string | null)[]> => {
  const structs = rows.map(
    ([a, b], index) => `STRUCT(${index} AS i, NUMERIC '${text(a)}' AS a, NUMERIC '${text(b)}' AS b)`,
  )
  const answers = await google.ask(`SELECT ${expression} AS x FROM UNNEST([${structs.join(', ')}]) ORDER BY i`)
  return answers.map(([value]) => value ?? null)
}

describe('NUMERIC', () => {
  it('multiplies exactly, rounding half away from zero', async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async (all) => {
        const rows = all.filter(([a, b]) => divide(a * b, SCALE) < LIMIT && divide(a * b, SCALE) > -LIMIT)
        expect(await evaluate('a * b', rows)).toEqual(rows.map(([a, b]) => text(divide(a * b, SCALE))))
      }),
      { numRuns: 5 },
    )
  })

  it('divides exactly, rounding half away from zero', async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async (all) => {
        const rows = all.filter(([a, b]) => b !== 0n && divide(a * SCALE, b) < LIMIT && divide(a * SCALE, b) > -LIMIT)
        expect(await evaluate('a / b', rows)).toEqual(rows.map(([a, b]) => text(divide(a * SCALE, b))))
      }),
      { numRuns: 5 },
    )
  })
})
