import { expect, test } from 'vitest'
import { temporaryProject } from '../testing/temporary-project.ts'

test('the demo tells its story, balances, and has the same totals the second time', async () => {
  const project = temporaryProject()
  try {
    for (const round of [1, 2]) {
      const { exitCode, out, err } = await project.cli('demo')
      expect({ round, exitCode, err }).toEqual({ round, exitCode: 0, err: '' })
      expect(out).toMatch(/^total +36,259,970 +10,299,012 +7,152,486 +49\.813069113$/m)
      expect(out).toContain('6 of 9 sums of project and model agree with the bill to the last digit')
      // Each put aside where it was found, and each the reason for one difference.
      expect(out).toMatch(/^lines +bills\/2026-01-15\.csv +4 +'see credit note' is not a decimal number$/m)
      expect(out).toMatch(/^usage .*'1194604\.5' is not a whole number$/m)
      expect(out).toMatch(/^proj_support +gpt-4\.1 +10\.799274500 +13\.719374500 +-2\.920100000 +1 row in usage$/m)
      expect(out.match(/ yes$/gm)).toHaveLength(4)
      expect(out).not.toMatch(/ NO$/m)
    }
    const options = ['--project', '.convergence/demo'] as const
    const quarantined = await project.cli(
      'query',
      'acme',
      'SELECT COUNT(*) AS n FROM raw_openai.usage_daily',
      '--json',
      ...options,
    )
    expect(JSON.parse(quarantined.out)).toMatchObject({ rows: [{ n: '286' }] })
  } finally {
    project.remove()
  }
}, 90_000)
