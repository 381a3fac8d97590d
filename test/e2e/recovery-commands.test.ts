import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openProject, type Outcome, type TestProject, type TestTenant } from './project.ts'

/** `runs show` and `replay` as a person types them, beside a running `convergence dev`. */
let project: TestProject
let tenant: TestTenant
beforeAll(async () => {
  project = await openProject()
  tenant = await project.tenant('shop')
  tenant.write(
    'sources/files.yml',
    'source_id: files\ntype: object_storage\nbucket: shop-uploads\nfiles: { orders: { glob: "*.csv", format: csv } }\n',
  )
  tenant.write(
    'pipelines/orders.yml',
    'pipeline_id: orders\nsteps:\n  - { step_id: load, type: ingest, source: files.orders, load: { dataset: raw, table: orders, schema: order, strategy: append, max_rejected: 60% } }\n',
  )
  schema('REQUIRED')
  tenant.upload('a.csv', 'id,note\n1,one\n,none\n3,three\n')
}, 60_000)
afterAll(() => project.close(), 60_000)

const schema = (mode: string): void =>
  tenant.write(
    'schemas/order.json',
    JSON.stringify([
      { name: 'id', type: 'INT64', mode },
      { name: 'note', type: 'STRING' },
    ]),
  )
const runOf = ({ out }: Outcome): string => /\b(orders-[0-9a-f]{20})\b/.exec(out)?.[1] ?? ''
const show = (...args: string[]) => project.command('runs', 'show', ...args)

describe('a run with rejected rows', () => {
  it('is explained in plain lines with the commands that help, and as one document', async () => {
    const runId = runOf(await tenant.run('orders'))
    const { code, out, err } = await show(runId)
    expect([code, err]).toEqual([0, ''])
    expect(out.split('\n')[0]).toMatch(new RegExp(`^Run ${runId} of shop/orders SUCCEEDED in `))
    expect(out).toContain('Step load (ingest) SUCCEEDED: 1 of 1 chunk, 2 rows loaded, 1 row rejected')
    expect(out).toMatch(new RegExp(`Do: The rejected rows.*\n  .* query shop "SELECT .* WHERE _run_id = '${runId}'"`))
    expect(out).toMatch(new RegExp(`\n  .*replay ${runId} --quarantined`))
    const document = JSON.parse((await show(runId, '--json')).out) as Record<string, unknown>
    expect(document).toMatchObject({
      run_id: runId,
      status: 'SUCCEEDED',
      explanation: {
        steps: [{ step_id: 'load', rejected_rows: 1, quarantined: true }],
        waiting_for: [],
        dead_letters: [],
      },
    })
  })

  it('is replayed by the command that was told, once', async () => {
    const [{ run_id: runId } = { run_id: '' }] = (
      JSON.parse((await project.command('runs', 'shop', '--json')).out) as { runs: { run_id: string }[] }
    ).runs
    const unmended = await project.command('replay', runId, '--quarantined')
    expect(unmended.code).toBe(1)
    expect(unmended.out).toContain('the only row is still rejected')
    const said = await show(runOf({ ...unmended, out: unmended.out.replace(runId, '') }))
    expect(said.out).toContain(`Loads rows that run ${runId} left in quarantine`)
    expect(said.out).toContain(`replay ${runId} --quarantined`)
    schema('NULLABLE')
    expect(await project.command('replay', runId, '--quarantined')).toMatchObject({ code: 0, err: '' })
    const again = await project.command('replay', runId, '--quarantined')
    expect([again.code, again.out]).toEqual([0, expect.stringContaining('was replayed before, as orders-')])
    expect(await tenant.query('SELECT COUNT(*) AS n FROM raw.orders')).toEqual([{ n: '3' }])
    expect(await tenant.query('SELECT COUNT(*) AS n FROM quarantine.rejected_rows')).toEqual([{ n: '0' }])
  })
})

describe('a run that failed', () => {
  it('says why and what to do; a replay of it says where it went', async () => {
    tenant.upload('b.csv', 'id,note\nx,one\ny,two\n')
    tenant.write(
      'sources/files.yml',
      'source_id: files\ntype: object_storage\nbucket: shop-uploads\nfiles: { orders: { glob: "b.csv", format: csv } }\n',
    )
    const failed = await tenant.run('orders')
    const runId = runOf(failed)
    expect(failed.code).toBe(1)
    const { out } = await show(runId)
    expect(out).toMatch(/^Reason: DATA_REJECTED: step load: all 2 rows were rejected/m)
    expect(out).toMatch(new RegExp(`^Do: Mend the source, .*\n  .*replay ${runId}$`, 'm'))
    tenant.upload('b.csv', 'id,note\n7,seven\n')
    const replayed = await project.command('replay', runId, '--json')
    expect(JSON.parse(replayed.out)).toMatchObject({ status: 'SUCCEEDED', replay: 'created', replay_of: runId })
    expect((await show(runId)).out).toContain('Do: It was replayed as orders-')
    expect(await project.command('replay', runOf(replayed), '--step', 'load')).toMatchObject({
      code: 1,
      err: expect.stringContaining('nothing is left to send'),
    })
  })

  it('is not found under an id that nobody has', async () => {
    for (const command of [['runs', 'show'], ['replay']])
      expect(await project.command(...command, 'orders-nobody')).toMatchObject({
        code: 1,
        err: expect.stringContaining('there is no run orders-nobody'),
      })
  })
})
