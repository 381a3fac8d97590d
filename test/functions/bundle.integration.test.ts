import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { bundleFunction, FUNCTIONS, leftOut } from '../../.ci/bundle.ts'

const folder = mkdtempSync(join(tmpdir(), 'convergence-bundles-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const FRAMEWORK = '@google-cloud/functions-framework'

/** Packages that only these functions may carry. */
const ONLY_IN: Readonly<Record<string, readonly string[]>> = {
  hono: ['api'],
  '@hono/zod-openapi': ['api'],
  '@duckdb/node-api': [],
  '@polyglot-sql/sdk': [],
  commander: [],
}

describe.each(FUNCTIONS)('the bundle of %s', (name) => {
  it('carries its own packages alone, and leaves out what is native and the framework', async () => {
    const outdir = join(folder, name)
    const metafile = await bundleFunction(name, outdir)
    expect(leftOut(metafile)).toEqual(name === 'ingest' ? [FRAMEWORK, 'nodejs-polars'] : [FRAMEWORK])
    const inputs = Object.keys(metafile.inputs).join('\n')
    for (const [one, names] of Object.entries(ONLY_IN))
      expect([one, inputs.includes(`node_modules/${one}/`)]).toEqual([one, names.includes(name)])
    expect(inputs).not.toMatch(/^(shared\/(local|cli)|node_modules\/nodejs-polars)\//m)
    expect(inputs).not.toMatch(/\.node$/m)
    expect(existsSync(join(outdir, 'worker.js'))).toBe(name === 'ingest')
  }, 60_000)
})
