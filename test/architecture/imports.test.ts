import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { findViolations } from './find-imports.ts'

const root = new URL('../../', import.meta.url)
const isSource = (path: string): boolean => !/node_modules|\.test\.ts$/.test(path)
const files = globSync('{functions,shared}/**/*.{ts,mts,js,mjs,cjs}', { cwd: root })
  .map((path) => path.replaceAll('\\', '/'))
  .filter(isSource)

test('every import of functions/ and shared/ is in the import table', () => {
  expect(files.length).toBeGreaterThan(0)
  expect(files.flatMap((file) => findViolations(file, readFileSync(new URL(file, root), 'utf8')))).toEqual([])
})

describe('the check finds', () => {
  it.each([
    ['a static import', 'shared/core/run.ts', `import pl from 'nodejs-polars'`],
    ['a type import', 'shared/core/run.ts', `import type { Client } from 'pg'`],
    ['an import type', 'shared/control/runs.ts', `type Port = import('@convergence/local/warehouse.ts').Port`],
    ['a dynamic import', 'shared/pipeline/load/load.ts', `await import('nodejs-polars')`],
    ['a computed import', 'shared/core/run.ts', `await import(name)`],
    ['a re-export', 'shared/gcp/warehouse.ts', `export * from '@convergence/local/warehouse.ts'`],
    ['a named re-export', 'shared/local/tasks.ts', `export { plan } from '@convergence/pipeline/plan/plan.ts'`],
    ['a relative path into another workspace', 'shared/control/runs.ts', `import '../local/warehouse.ts'`],
    ['a relative path to the root', 'shared/control/runs.ts', `import '../../test/fixtures/run.ts'`],
    ['a require', 'shared/runtime/log.ts', `const { Database } = require('@duckdb/node-api')`],
    ['an import assignment', 'shared/runtime/log.ts', `import hono = require('hono')`],
    ['a resolved worker', 'shared/local/worker.ts', `import.meta.resolve('@convergence/pipeline/process/child.ts')`],
    ['a worker by address', 'shared/cli/host.ts', `new URL('../pipeline/process/child.ts', import.meta.url)`],
    ['a connector with another one’s client', 'shared/pipeline/connectors/mysql/read.ts', `import 'pg'`],
    ['Hono outside the API', 'functions/ingest/handler.ts', `import { Hono } from 'hono'`],
    ['a handler that knows Google Cloud', 'functions/ingest/handler.ts', `import '@convergence/gcp/ports.ts'`],
    ['an entry point that works', 'functions/api/index.ts', `import '@convergence/control/runs.ts'`],
    ['a command that knows Google Cloud', 'shared/cli/main.ts', `import '@convergence/gcp/ports.ts'`],
    ['a command behind a handler’s back', 'shared/cli/main.ts', `import '@convergence/api/app.ts'`],
    ['a room that the table does not name', 'shared/util/text.ts', `import 'zod'`],
  ])('%s', (_kind, file, source) => {
    expect(findViolations(file, source)).toHaveLength(1)
  })

  it.each([
    ['shared/pipeline/process/chunk.ts', `import pl from 'nodejs-polars'; import '../plan/plan.ts'; import 'node:fs'`],
    ['shared/local/database/database.ts', `new Worker(new URL('worker.ts', import.meta.url))`],
    ['functions/api/index.ts', `import './handler.ts'; import { gcpPorts } from '@convergence/gcp/ports.ts'`],
    ['shared/cli/main.ts', `import { api } from '@convergence/api/handler.ts'; import '@convergence/local/ports.ts'`],
  ])('nothing in what %s may do', (file, source) => {
    expect(findViolations(file, source)).toEqual([])
  })
})
