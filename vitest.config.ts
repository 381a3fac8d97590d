import { defineConfig } from 'vitest/config'

const integrationTests = '**/*.integration.test.ts'

/** `vitest run` runs what needs nothing but this checkout; `--mode integration` runs what needs other servers. */
export default defineConfig(({ mode }) => ({
  test: {
    include: mode === 'integration' ? [integrationTests] : ['{shared,functions,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', ...(mode === 'integration' ? [] : [integrationTests])],
    // With the threads pool a DuckDB query in flight at the end hangs for a minute and exits 134.
    pool: 'forks',
    isolate: false,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    testTimeout: 30_000,
    coverage: { include: ['{shared,functions}/**/*.ts'], exclude: ['**/*.test.ts'] },
  },
}))
