import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cliContext } from './context.ts'
import { openPlatform } from './open-platform.ts'
import { testIo } from './testing/test-io.ts'
import { temporaryProject, type TemporaryProject } from './testing/temporary-project.ts'

let project: TemporaryProject
const cli = (...argv: readonly string[]) => project.cli(...argv)

beforeAll(() => {
  project = temporaryProject()
})
afterAll(() => project.remove())

describe('arguments', () => {
  test.each([
    [['frobnicate'], 'unknown command'],
    [['run', 'acme'], 'Write it as TENANT/PIPELINE'],
    [['run', 'acme/p', '--param', 'day'], 'Write it as name=value'],
    [['run', 'acme/p', '--param', 'a=1', '--param', 'a=2'], 'a is given twice'],
    [['tenant', 'create', 'A-b'], 'A tenant is 3 to 30'],
    [['query', 'acme'], "missing required argument 'sql'"],
    [['query', 'acme', 'SELECT 1', '--limit', '0'], 'a whole number from 1'],
    [['runs', 'acme', '--frob'], 'unknown option'],
    [['dev', '--port', '70000'], 'a whole number from 0 to 65535'],
  ])('%j are refused with what is wrong, and exit code 2', async (argv, message) => {
    const told = await cli(...argv)
    expect(told).toMatchObject({ exitCode: 2, out: '' })
    expect(told.err).toContain(message)
  })

  test('help and version are no failures', async () => {
    expect(await cli('--help')).toMatchObject({ exitCode: 0, err: '' })
    expect(await cli('run', '--help')).toMatchObject({ exitCode: 0, err: '' })
    expect((await cli('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test('outside a project every command says how to make one', async () => {
    for (const argv of [
      ['validate'],
      ['runs', 'acme'],
      ['run', 'acme/p'],
      ['query', 'acme', 'SELECT 1'],
      ['cancel', 'r'],
    ]) {
      const told = await cli(...argv)
      expect(told.exitCode).toBe(1)
      expect(told.err).toContain('make a project with `convergence init`')
    }
  })
})

describe('a project made by init', () => {
  test('is made once in a folder', async () => {
    expect(await cli('init')).toMatchObject({ exitCode: 0, err: '' })
    const again = await cli('init')
    expect(again.exitCode).toBe(1)
    expect(again.err).toContain('nothing was written')
  })

  test('is valid, runs, and can be asked', async () => {
    expect(await cli('validate', '--secrets')).toMatchObject({
      exitCode: 0,
      out: '1 tenant, 1 pipeline: no problems\n',
    })
    const run = await cli('run', 'example/orders', '--param', 'day=2026-01-31')
    expect(run).toMatchObject({ exitCode: 0, err: '' })
    expect(run.out).toContain('step orders: done, 1/1 chunks, 5 rows')
    expect(run.out).toContain('Tables written, of tenant example: raw_shop.orders, silver_shop.daily_sales')
    const rows = await cli(
      'query',
      'example',
      'SELECT product, sales FROM silver_shop.daily_sales ORDER BY product',
      '--json',
    )
    expect(JSON.parse(rows.out)).toMatchObject({
      rows: [
        { product: 'espresso cup', sales: '47.4' },
        { product: 'teapot', sales: '103.5' },
        { product: 'tray, oak', sales: '59' },
      ],
      more: false,
    })
    expect((await cli('runs', 'example', '--pipeline', 'orders')).out).toContain('SUCCEEDED')
  })

  test('--json prints one document, and a run that is not green ends with 1', async () => {
    const told = await cli('run', 'example/orders', '--param', 'day=2025-01-01', '--json')
    expect(told).toMatchObject({ exitCode: 1, err: '' })
    expect(JSON.parse(told.out)).toMatchObject({
      status: 'FAILED',
      steps: [
        { step_id: 'orders', type: 'ingest', status: 'FAILED', error: { code: 'NOT_FOUND' } },
        { status: 'SKIPPED' },
        { status: 'SKIPPED' },
      ],
    })
  })

  test('a run that cannot be asked for is a document too', async () => {
    const told = await cli('run', 'example/ordrs', '--json')
    expect(told.exitCode).toBe(1)
    expect(JSON.parse(told.out)).toMatchObject({
      run_id: null,
      status: 'FAILED',
      steps: [],
      error: { code: 'NOT_FOUND' },
    })
    expect(told.err).toContain('did you mean "orders"?')
  })

  test('an Idempotency-Key gives the same run again', async () => {
    const ask = ['run', 'example/orders', '--param', 'day=2026-01-31', '--idempotency-key', 'k', '--json'] as const
    const [first, second] = [JSON.parse((await cli(...ask)).out), JSON.parse((await cli(...ask)).out)] as {
      run_id: string
    }[]
    expect(second?.run_id).toBe(first?.run_id)
  })

  test('a run that was left unfinished goes on, instead of a second one', async () => {
    const opened = await openPlatform(cliContext(testIo({ cwd: project.folder })), undefined)
    const ask = { tenant: 'example', pipelineId: 'orders', parameters: { day: '2026-01-31' } }
    const { runId } = await opened.platform.requestRun(ask)
    await opened.close()
    const told = await cli('run', 'example/orders', '--param', 'day=2026-01-31')
    expect(told.exitCode).toBe(0)
    expect(told.out).toContain(`An unfinished run of just these parameters was found: ${runId}`)
    expect(told.out).toContain(`Run ${runId} SUCCEEDED`)
    expect(told.out).toContain('The run was resumed: no chunk planned yet when this command started.')
  })

  test('a key is printed alone, so that it can be piped', async () => {
    expect((await cli('key', 'create', 'example')).out).toMatch(/^cvg_\w+\n$/)
    expect((await cli('key', 'create', 'nobody')).err).toContain('there is no tenant nobody')
  })

  test('a new tenant gets its files, and is valid; the second time nothing is written over', async () => {
    const first = await cli('tenant', 'create', 'globex')
    expect(first.out).toContain('wrote configs/_platform/tenants/globex.yml')
    expect(await cli('validate', 'globex')).toMatchObject({ exitCode: 0 })
    expect((await cli('tenant', 'create', 'globex')).out).not.toContain('wrote')
  })

  test('all problems are told with their positions', async () => {
    writeFileSync(join(project.folder, 'configs/globex/tenant.yml'), 'tenant_id: globex\ntimezon: UTC\ncolour: red\n')
    const told = await cli('validate')
    expect(told.exitCode).toBe(1)
    expect(told.out.trim().split('\n')).toEqual([
      expect.stringMatching(/^configs\/globex\/tenant\.yml:2:1 timezon: .*timezone/),
      expect.stringMatching(/^configs\/globex\/tenant\.yml:3:1 colour: /),
    ])
    expect(told.err).toContain('2 problems')
  })
})
