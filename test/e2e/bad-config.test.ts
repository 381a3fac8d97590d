import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileTenant } from './file-tenant.ts'
import { openProject, reasonOf, type TestProject, type TestTenant } from './project.ts'

const SECRET = 'sk-very-secret-0123456789'
const FILE = 'configs/TENANT/pipelines/lines.yml'

let project: TestProject
let count = 0
beforeAll(async () => {
  project = await openProject()
}, 60_000)
afterAll(() => project.close())

const newTenant = (): Promise<TestTenant> => fileTenant(project, `config${count++}`)

const step = (source = 'files.lines', more = ''): string => `steps:
  - step_id: lines
    type: ingest
    source: ${source}
    load: { dataset: raw, table: lines, schema: lines, strategy: append }
${more}`

const api = (token: string): string => `source_id: shop
type: rest_api
base_url: https://api.example.com
auth: { type: bearer, token: ${token} }
resources:
  things: { path: /things, records: 'data[*]', pagination: { type: none } }
`

interface Case {
  readonly is: string
  readonly path?: string
  readonly text: string
  readonly problem: string
}

const CASES: readonly Case[] = [
  {
    is: 'wrong YAML',
    text: 'pipeline_id: lines\nsteps:\n  - step_id: a\n   type: dq\n',
    problem: `${FILE}:4:4: cannot be read as YAML: bad indentation of a sequence entry`,
  },
  {
    is: 'a tab in YAML',
    text: 'pipeline_id: lines\nsteps:\n\t- step_id: a\n',
    problem: `${FILE}:3:1: cannot be read as YAML: tab characters must not be used in indentation`,
  },
  {
    is: 'a key that is there twice',
    text: 'pipeline_id: lines\npipeline_id: a\n',
    problem: `${FILE}:2:1 pipeline_id: is there twice`,
  },
  {
    is: 'an unknown key',
    text: `pipeline_id: lines\n${step('files.lines', '    on_failur: stop\n')}`,
    problem: `${FILE}:7:5 steps[0].on_failur: unknown key; did you mean "on_failure"?`,
  },
  {
    is: 'an option of a later version',
    text: `pipeline_id: lines\nschedule: { cron: "0 5 * * *" }\n${step()}`,
    problem: `${FILE}:2:1 schedule: is not available yet`,
  },
  {
    is: 'a value of the wrong type',
    text: `pipeline_id: lines\nconcurrency: many\n${step()}`,
    problem: `${FILE}:2:14 concurrency: must be a number, not a text`,
  },
  {
    is: 'an unknown source',
    text: `pipeline_id: lines\n${step('file.lines')}`,
    problem: `${FILE}:5:13 steps[0].source: there is no source file (looked for configs/TENANT/sources/file.yml and configs/_shared/sources/file.yml); did you mean "files"?`,
  },
  {
    is: 'an unknown file of a source',
    text: `pipeline_id: lines\n${step('files.line')}`,
    problem: `${FILE}:5:13 steps[0].source: source files has no line: it has lines; did you mean "lines"?`,
  },
  {
    is: 'a SQL file that is not there',
    text: `pipeline_id: lines\nsteps:\n  - { step_id: a, type: transform, sql: silver/a, load: { dataset: silver, table: a, strategy: append } }\n`,
    problem: `${FILE}:3:41 steps[0].sql: there is no file sql/silver/a.sql, nor sql/TENANT/silver/a.sql`,
  },
  {
    is: 'wrong JSON',
    path: 'schemas/lines.json',
    text: '[{ "name": "id", "type": "INT64" }',
    problem:
      'configs/TENANT/schemas/lines.json:1:35: cannot be read as JSON: unexpected end of the stream within a flow collection',
  },
  {
    is: 'an unknown type of a column',
    path: 'schemas/lines.json',
    text: '[{ "name": "id", "type": "INTEGR" }]',
    problem: 'configs/TENANT/schemas/lines.json:1:26 [0].type: unknown type INTEGR; did you mean "INTEGER"?',
  },
  {
    is: 'a bucket that the operator does not allow',
    path: 'sources/files.yml',
    text: 'source_id: files\ntype: object_storage\nbucket: others-uploads\nfiles:\n  lines: { glob: a.csv, format: csv }\n',
    problem:
      'configs/TENANT/sources/files.yml:5:18 files.lines.glob: bucket others-uploads is not one that the operator allows (TENANT-uploads)',
  },
  {
    is: 'a secret in a config file',
    path: 'sources/shop.yml',
    text: api(SECRET),
    problem: 'configs/TENANT/sources/shop.yml:4:30 auth.token: must be a mapping, not a text',
  },
  {
    is: 'secrets over plain http',
    path: 'sources/shop.yml',
    text: api('{ secret: key }').replace('https:', 'http:'),
    problem:
      'configs/TENANT/sources/shop.yml:3:11 base_url: must be https: http sends secrets in the clear (the operator may list the host in `hosts`)',
  },
  {
    is: 'a rule on a column that the table lacks',
    path: 'dq_rules/checks.yml',
    text: 'rules_id: checks\ntable: raw.lines\nexpectations:\n  - expectation_type: expect_column_values_to_not_be_null\n    kwargs: { column: amuont }\n',
    problem:
      'configs/TENANT/dq_rules/checks.yml:5:23 expectations[0].kwargs.column: table raw.lines has no column amuont; did you mean "amount"?',
  },
]

describe('a config with', () => {
  it.each(CASES)('$is is refused with its position, by validate and by run', async ({ path, text, problem }) => {
    const tenant = await newTenant()
    if (path === 'dq_rules/checks.yml')
      tenant.write(
        'pipelines/lines.yml',
        `pipeline_id: lines\n${step()}  - { step_id: checks, type: dq, rules: checks }\n`,
      )
    tenant.write(path ?? 'pipelines/lines.yml', text)
    const wanted = problem.replaceAll('TENANT', tenant.id)
    const checked = await project.command('validate', tenant.id)
    expect(checked).toEqual({ code: 1, out: `${wanted}\n`, err: 'error: 1 problem in the configuration\n' })
    expect(await tenant.run('lines')).toEqual({
      code: 1,
      out: '',
      err: `error: the config of ${tenant.id} has 1 problem:\n${wanted}\n`,
    })
  })
})

describe('a secret that is', () => {
  it.each<[string, (tenant: TestTenant) => void, string]>([
    [
      'missing',
      () => {},
      'secret key of tenant TENANT is missing; write it into configs/TENANT/secrets/key.txt and chmod 600 it',
    ],
    [
      'readable by others',
      (tenant) => tenant.secret('key', SECRET, 0o644),
      'configs/TENANT/secrets/key.txt has mode 0644: others might read it; chmod 600 it',
    ],
    [
      'empty',
      (tenant) => tenant.secret('key', '\n'),
      'configs/TENANT/secrets/key.txt is empty; write the secret into it',
    ],
  ])('%s fails the run, and validate --secrets tells it before', async (_is, prepare, told) => {
    const tenant = await newTenant()
    const wanted = told.replaceAll('TENANT', tenant.id)
    tenant.write('sources/shop.yml', api('{ secret: key }'))
    tenant.write('pipelines/lines.yml', `pipeline_id: lines\n${step('shop.things')}`)
    prepare(tenant)
    expect(reasonOf(await tenant.run('lines'))).toContain(wanted)
    const { code, out } = await project.command('validate', tenant.id, '--secrets')
    expect([code, out]).toEqual([1, `configs/${tenant.id}/secrets/key.txt:1:1: ${wanted}\n`])
  })

  it('written in two lines fails the run, and is not shown', async () => {
    const tenant = await newTenant()
    tenant.write('sources/shop.yml', api('{ secret: key }'))
    tenant.write('pipelines/lines.yml', `pipeline_id: lines\n${step('shop.things')}`)
    tenant.secret('key', `${SECRET}\n${SECRET}\n`)
    const run = await tenant.run('lines')
    expect(reasonOf(run)).toContain(
      `the header authorization would hold a line break or another control character: write the secret as one line into configs/${tenant.id}/secrets/key.txt`,
    )
    expect(`${run.out}${project.logged()}`).not.toContain(SECRET)
  })
})

describe('a command with', () => {
  it.each<[string, readonly string[], number, string]>([
    [
      'an unknown pipeline',
      ['run', 'TENANT/linse'],
      1,
      'tenant TENANT has no pipeline linse; did you mean "lines"? (it has lines)',
    ],
    [
      'an unknown tenant',
      ['run', 'nobody/lines'],
      1,
      'there is no tenant nobody: create it with `convergence tenant create nobody`',
    ],
    [
      'no tenant',
      ['run', 'lines'],
      2,
      "command-argument value 'lines' is invalid for argument 'tenant/pipeline'. Write it as TENANT/PIPELINE, for example acme/openai_cost.",
    ],
    [
      'a day that is written otherwise',
      ['run', 'TENANT/lines', '--param', 'day=31.01.2026'],
      1,
      'parameters.day must be a date such as 2026-01-31, or today, yesterday, tomorrow',
    ],
    [
      'a day that is on no calendar',
      ['run', 'TENANT/lines', '--param', 'day=2026-02-30'],
      1,
      'parameters.day must be a date such as 2026-01-31, or today, yesterday, tomorrow',
    ],
    [
      'a word for a number',
      ['run', 'TENANT/lines', '--param', 'most=ten'],
      1,
      'parameters.most must be a whole number',
    ],
    [
      'an unknown parameter',
      ['run', 'TENANT/lines', '--param', 'dya=2026-01-31'],
      1,
      'parameters.dya is not a parameter of this pipeline: it has day, most',
    ],
    [
      'a parameter without a value',
      ['run', 'TENANT/lines', '--param', 'day'],
      2,
      "option '--param <name=value>' argument 'day' is invalid. Write it as name=value.",
    ],
    ['an unknown run', ['cancel', 'lines-123'], 1, 'there is no run lines-123: convergence runs TENANT lists them'],
    [
      'SQL that is none',
      ['query', 'TENANT', 'SELEC 1'],
      1,
      'SQL 1:7: this is not GoogleSQL that the embedded warehouse understands: Invalid expression / Unexpected token',
    ],
    [
      'a table that is not there',
      ['query', 'TENANT', 'SELECT * FROM raw.lines'],
      1,
      'tenant TENANT has no table raw.lines: no run has loaded it yet',
    ],
    [
      "another tenant's dataset",
      ['query', 'TENANT', 'SELECT * FROM config0_raw.lines'],
      1,
      'tenant TENANT has no table config0_raw.lines: no run has loaded it yet',
    ],
    [
      'a file in SQL',
      ['query', 'TENANT', "SELECT * FROM read_csv('/etc/passwd')"],
      1,
      'SQL 1:15: read_csv is not allowed in FROM: use {{ dataset.table }}, a subquery, a name from WITH, or UNNEST',
    ],
    [
      'a statement that is no SELECT',
      ['query', 'TENANT', 'DROP TABLE raw.lines'],
      1,
      'SQL 1:1: only one SELECT is allowed: DROP TABLE is not',
    ],
  ])('%s says what is wrong', async (_what, argv, code, told) => {
    const tenant = await newTenant()
    const name = (text: string): string =>
      argv[0] === 'cancel' ? text : text.replace(/(?<!Write it as )TENANT(?!\/PIPELINE)/, tenant.id)
    const outcome = await project.command(...argv.map(name))
    expect(outcome).toEqual({ code, out: '', err: `error: ${name(told)}\n` })
  })

  it('--json tells it as a document', async () => {
    const tenant = await newTenant()
    const { code, out } = await tenant.run('linse', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(out)).toEqual({
      run_id: null,
      status: 'FAILED',
      steps: [],
      error: {
        code: 'NOT_FOUND',
        message: `tenant ${tenant.id} has no pipeline linse; did you mean "lines"? (it has lines)`,
      },
    })
  })
})
