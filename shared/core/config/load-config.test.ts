import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listSecrets } from './list-secrets.ts'
import { listTenants, loadTenantConfig } from './load-config.ts'
import { formatProblem } from './problem.ts'
import { canonicalJson, type ConfigSnapshot } from './snapshot.ts'

/** A tenant that uses what is available; tests change single files of it. */
const GOOD: Readonly<Record<string, string>> = {
  'configs/_platform/tenants/acme.yml': `limits: { max_concurrent_runs: 4, max_bytes_billed: 100GB }
buckets:
  - { bucket: uploads, prefixes: [openai/] }
  - { bucket: billing-exports }
hosts: ["127.0.0.1:8080"]
`,
  'configs/acme/tenant.yml': 'timezone: Europe/Berlin\n',
  'configs/acme/pipelines/openai_cost.yml': `pipeline_id: openai_cost
description: Daily cost of OpenAI by project and model
parameters:
  usage_date: { type: date, default: yesterday, min: "2020-01-01" }
concurrency: 2
steps:
  - step_id: usage
    type: ingest
    source: openai_usage.completions
    load: { dataset: raw_openai, table: usage_daily, schema: usage_daily, strategy: merge,
            keys: [usage_date, model], order_by: [_ingested_at], partition_by: usage_date, cluster_by: [model], max_rejected: 0.1% }
    gate: usage_rules
    retry: { max_attempts: 5, backoff: 10s }
    timeout: 30m
  - step_id: usage_checks
    type: dq
    rules: usage_rules
    scope: partition
  - step_id: cost
    type: transform
    needs: [usage_checks]
    sql: silver_cost/daily_cost
    load: { dataset: silver_cost, table: daily_cost, strategy: overwrite, partitions: ["{{ parameters.usage_date }}"], partition_by: usage_date }
    max_bytes_billed: 10GB
`,
  'configs/acme/pipelines/bills.yml': `pipeline_id: bills
timezone: UTC
on_upload: { bucket: uploads, glob: "openai/*.csv" }
steps:
  - step_id: load
    type: ingest
    source: cloud_bills.aws
    load: { dataset: raw_bills, table: aws, strategy: append, max_rejected: 1000 }
`,
  'configs/acme/sources/openai_usage.yml': `source_id: openai_usage
type: rest_api
base_url: https://api.openai.com/v1
auth: { type: bearer, token: { secret: openai_admin_key } }
headers: { X-Extra: "{{ secrets.extra_header }}" }
limits: { requests_per_minute: 300, concurrency: 4 }
resources:
  completions:
    path: /organization/usage/completions
    params: { start_time: "{{ window.start | unix }}", end_time: "{{ window.end | unix }}", bucket_width: 1d, group_by: [project_id, model] }
    windows: { from: "{{ parameters.usage_date | minus: 3d }}", to: "{{ parameters.usage_date | plus: 1d }}", size: 1d }
    records: data[*].results[*]
    inherit: { usage_date: { path: "data[*].start_time", type: unix_date } }
    pagination: { type: cursor, next: next_page, param: page, has_more: has_more }
`,
  'configs/acme/sources/cloud_bills.yml': `source_id: cloud_bills
type: object_storage
bucket: billing-exports
files:
  aws: { glob: "aws/{{ parameters.object }}", format: csv, rename: { "lineItem/UnblendedCost": unblended_cost }, types: { unblended_cost: "NUMERIC(38,9)" } }
`,
  'configs/acme/schemas/usage_daily.json': `[
  { "name": "usage_date", "type": "DATE", "mode": "REQUIRED" },
  { "name": "model", "type": "STRING" },
  { "name": "input_tokens", "type": "INTEGER" }
]
`,
  'configs/acme/dq_rules/usage_rules.yml': `rules_id: usage_rules
table: raw_openai.usage_daily
expectations:
  - expectation_type: expect_column_values_to_not_be_null
    kwargs: { column: model }
  - expectation_type: expect_column_values_to_be_between
    kwargs: { column: input_tokens, min_value: 0, mostly: 0.999 }
    severity: warning
    quarantine: true
`,
  'sql/silver_cost/daily_cost.sql': `-- One row a day and model. Not a parameter: @nobody, not a table: {{ x }}
SELECT usage_date, model, SUM(input_tokens) AS tokens
FROM {{ raw_openai.usage_daily }}
WHERE usage_date = @usage_date AND model != '@text'
GROUP BY ALL
`,
}

const load = (changes: Readonly<Record<string, string | null>> = {}, tenant = 'acme') =>
  loadTenantConfig(
    tenant,
    new Map(
      Object.entries({ ...GOOD, ...changes }).flatMap(([path, text]) => (text === null ? [] : [[path, text] as const])),
    ),
  )

const snapshot = (changes?: Readonly<Record<string, string | null>>): ConfigSnapshot => {
  const loaded = load(changes)
  if ('problems' in loaded) throw new Error(loaded.problems.map(formatProblem).join('\n'))
  return loaded.snapshot
}

const problems = (changes: Readonly<Record<string, string | null>>): readonly string[] => {
  const loaded = load(changes)
  return 'problems' in loaded ? loaded.problems.map(formatProblem) : []
}

const PIPELINE = 'configs/acme/pipelines/openai_cost.yml'
const SOURCE = 'configs/acme/sources/openai_usage.yml'
const FILES = 'configs/acme/sources/cloud_bills.yml'
const RULES = 'configs/acme/dq_rules/usage_rules.yml'
const OPERATOR = 'configs/_platform/tenants/acme.yml'
const SQL = 'sql/silver_cost/daily_cost.sql'

/** The problems after one edit of one good file. */
const edited = (file: string, from: string, to: string): readonly string[] => {
  const text = GOOD[file] ?? ''
  if (!text.includes(from)) throw new Error(`${file} does not hold ${from}`)
  return problems({ [file]: text.replace(from, to) })
}

describe('a tenant whose files are right', () => {
  it('gives a snapshot with defaults, durations in milliseconds and sizes in bytes', () => {
    const { pipelines, sources, schemas, operator } = snapshot()
    const [usage, checks, cost] = pipelines['openai_cost']?.steps ?? []
    expect(pipelines['openai_cost']).toMatchObject({ timezone: 'Europe/Berlin', timeout: 7_200_000, concurrency: 2 })
    expect(pipelines['bills']?.timezone).toBe('UTC')
    expect(usage).toMatchObject({
      needs: [],
      on_failure: 'stop',
      timeout: 1_800_000,
      retry: { max_attempts: 5, backoff: 10_000 },
    })
    expect(usage).toMatchObject({ load: { max_rejected: { percent: 0.1 } } })
    expect(checks).toMatchObject({ needs: ['usage'], retry: { max_attempts: 3, backoff: 30_000 } })
    expect(cost).toMatchObject({ needs: ['usage_checks'], max_bytes_billed: 1e10, load: { max_rejected: { rows: 0 } } })
    expect(sources['openai_usage']).toMatchObject({
      timeout: 30_000,
      max_response: 64_000_000,
      retry: { max_delay: 60_000 },
    })
    expect(sources['cloud_bills']).toMatchObject({
      files: { aws: { csv: { delimiter: ',', quote: '"', header: true, null_values: [''] }, allow_empty: false } },
    })
    expect(sources['openai_usage']).toMatchObject({
      resources: {
        completions: { allow_empty: true, inherit: { usage_date: { type: { type: 'DATE', parse: 'unix_date' } } } },
      },
    })
    expect(schemas['usage_daily']?.map((field) => field.type)).toEqual(['DATE', 'STRING', 'INT64'])
    expect(operator.limits).toMatchObject({ max_concurrent_runs: 4, max_bytes_billed: 1e11, max_timeout: 86_400_000 })
  })

  it('gives plain JSON under a hash of its content', () => {
    const one = snapshot()
    expect(JSON.parse(JSON.stringify(one))).toEqual(one)
    expect(one.hash).toMatch(/^[0-9a-f]{32}$/)
    expect(snapshot().hash).toBe(one.hash)
    expect(snapshot({ [SQL]: `${GOOD[SQL]}\n` }).hash).not.toBe(one.hash)
    expect(snapshot({ [PIPELINE]: `# a comment\n${GOOD[PIPELINE]}` }).hash).toBe(one.hash)
  })

  it('names the secrets that it needs', () => {
    expect(listSecrets(snapshot())).toEqual(['extra_header', 'openai_admin_key'])
  })

  it('lists the tenants that the operator has files for', () => {
    expect(listTenants(new Map(Object.keys(GOOD).map((path) => [path, ''])))).toEqual(['acme'])
  })
})

describe('shared files', () => {
  const shared = 'configs/_shared/dq_rules/usage_rules.yml'

  it('stand in for files that the tenant does not have', () => {
    const rules = GOOD[RULES] ?? ''
    expect(snapshot({ [RULES]: null, [shared]: rules }).rules['usage_rules']?.expectations).toHaveLength(2)
    expect(
      snapshot({ [shared]: 'rules_id: usage_rules\nexpectations: broken' }).rules['usage_rules']?.expectations,
    ).toHaveLength(2)
  })

  it('report their problems only to tenants that use them', () => {
    expect(problems({ 'configs/_shared/sources/other.yml': 'source_id: nonsense' })).toEqual([])
    expect(problems({ [RULES]: null, [shared]: 'rules_id: other\nexpectations: []' })).toEqual([
      'configs/_shared/dq_rules/usage_rules.yml:2:15 expectations: needs at least one expectation',
    ])
  })

  it('give every tenant the shared pipelines', () => {
    const pipeline = GOOD['configs/acme/pipelines/bills.yml']?.replace('id: bills', 'id: more_bills') ?? ''
    expect(Object.keys(snapshot({ 'configs/_shared/pipelines/more_bills.yml': pipeline }).pipelines)).toEqual([
      'bills',
      'more_bills',
      'openai_cost',
    ])
  })

  it('let a tenant’s own SQL come before the common one', () => {
    const own = 'SELECT usage_date FROM {{ raw_openai.usage_daily }}'
    expect(snapshot({ 'sql/acme/silver_cost/daily_cost.sql': own }).sql).toEqual({ 'silver_cost/daily_cost': own })
    expect(snapshot({ 'sql/other/silver_cost/daily_cost.sql': own }).sql['silver_cost/daily_cost']).toBe(GOOD[SQL])
  })
})

it('reports every problem of every file at once, with its position and what was probably meant', () => {
  const broken = problems({
    [OPERATOR]:
      'limits: { max_concurrent_runs: 1, max_timeout: 1h }\nbuckets: [{ bucket: uploads, prefixes: [openai] }]\n',
    'configs/acme/tenant.yml': 'timezone: Europe/Berln\nwebhooks: {}\n',
    'configs/acme/pipelines/Costs.yml': 'pipeline_id: costs\n',
    'configs/acme/pipeline/costs.yml': 'pipeline_id: costs\n',
    [PIPELINE]: `pipeline_id: openai_costs
timeot: 2h
schedule: { cron: "0 5 * * *" }
steps:
  - step_id: usage
    type: ingest
    source: openai_usage.completions
    load: { dataset: raw_openai, table: usage_daily, strategy: merg, keys: [model] }
  - step_id: checks
    type: dq
    rules: usage_rules
    on_failure: stopp
`,
    'configs/acme/pipelines/second.yml': `pipeline_id: second
concurrency: 3
timeout: 2h
steps:
  - step_id: usage
    type: ingest
    source: openai_usage.completion
    needs: [check]
    load:
      dataset: raw_openai
      table: usage_daily
      schema: usage_daily
      strategy: merge
      keys: [usage_day]
  - step_id: checks
    type: dq
    rules: usage_rule
  - step_id: cost
    type: transform
    sql: silver_cost/daily_costs
    load: { dataset: silver_cost, table: daily_cost, strategy: overwrite, partitions: ["{{ parameters.day }}", 2026-02-30] }
`,
    [SOURCE]: (GOOD[SOURCE] ?? '')
      .replace('next_page', '"next..page"')
      .replace('window.end | unix', 'window.ende | unx'),
    [FILES]: 'source_id: cloud_bills\n  type: object_storage\n',
    'configs/acme/schemas/usage_daily.json':
      '[\n  { "name": "usage_date", "type": "DAT" },\n  { "name": "_run_id", "type": "STRING" }\n]\n',
    [RULES]: `rules_id: usage_rules
expectations:
  - expectation_type: expect_column_values_to_not_be_nul
    kwargs: { column: model }
  - expectation_type: expect_column_values_to_be_between
    kwargs: { colum: model, min_value: 3 }
    severity: fatal
`,
  })
  expect(broken).toEqual([
    'configs/_platform/tenants/acme.yml:2:41 buckets[0].prefixes[0]: must end in /, or acme/ would admit acme2, and not start with it',
    'configs/acme/dq_rules/usage_rules.yml:3:23 expectations[0].expectation_type: is not one of the supported expectations; did you mean "expect_column_values_to_not_be_null"?',
    'configs/acme/dq_rules/usage_rules.yml:6:5 expectations[1].kwargs.column: is missing',
    'configs/acme/dq_rules/usage_rules.yml:6:15 expectations[1].kwargs.colum: unknown key; did you mean "column"?',
    'configs/acme/dq_rules/usage_rules.yml:7:15 expectations[1].severity: must be one of critical, warning, info',
    'configs/acme/pipeline/costs.yml:1:1: is read by nothing: files belong into pipelines, sources, schemas, dq_rules; did you mean "pipelines"?',
    'configs/acme/pipelines/Costs.yml:1:1: its name must be lower-case letters, digits and _, start with a letter, at most 63 characters',
    'configs/acme/pipelines/openai_cost.yml:2:1 timeot: unknown key; did you mean "timeout"?',
    'configs/acme/pipelines/openai_cost.yml:3:1 schedule: is not available yet',
    'configs/acme/pipelines/openai_cost.yml:8:64 steps[0].load.strategy: must be one of append, overwrite, merge; did you mean "merge"?',
    'configs/acme/pipelines/openai_cost.yml:12:17 steps[1].on_failure: must be one of stop, continue, alert; did you mean "stop"?',
    'configs/acme/pipelines/second.yml:7:13 steps[0].source: source openai_usage has no completion: it has completions; did you mean "completions"?',
    'configs/acme/pipelines/second.yml:8:13 steps[0].needs[0]: there is no step check; did you mean "checks"?',
    'configs/acme/pipelines/second.yml:17:12 steps[1].rules: there is no rules file usage_rule (looked for configs/acme/dq_rules/usage_rule.yml and configs/_shared/dq_rules/usage_rule.yml); did you mean "usage_rules"?',
    'configs/acme/pipelines/second.yml:20:10 steps[2].sql: there is no file sql/silver_cost/daily_costs.sql, nor sql/acme/silver_cost/daily_costs.sql',
    'configs/acme/pipelines/second.yml:21:88 steps[2].load.partitions[0]: {{ parameters.day }}: this pipeline has no parameter day',
    'configs/acme/pipelines/second.yml:21:112 steps[2].load.partitions[1]: must be a day such as 2026-01-31, or a template that gives one',
    'configs/acme/schemas/usage_daily.json:2:35 [0].type: unknown type DAT; did you mean "DATE"?',
    'configs/acme/sources/cloud_bills.yml:2:7: cannot be read as YAML: bad indentation of a mapping entry',
    'configs/acme/sources/openai_usage.yml:10:66 resources.completions.params.end_time: unknown name "window.ende": one of parameters.*, run.id, run.logical_time, window.start, window.end, cursor, secrets.*',
    'configs/acme/sources/openai_usage.yml:14:39 resources.completions.pagination.next: path "next..page", character 5: `..` is not supported: name each level',
    'configs/acme/tenant.yml:1:11 timezone: must be a time zone of the IANA database, such as UTC or Europe/Berlin',
    'configs/acme/tenant.yml:2:1 webhooks: is not available yet',
  ])
})

describe('what is not available yet', () => {
  it.each([
    [PIPELINE, 'concurrency: 2', 'after: { pipeline: bills }', 'after'],
    [PIPELINE, 'strategy: merge,', 'strategy: scd2,', 'steps[0].load.strategy'],
    [PIPELINE, 'strategy: merge,', 'strategy: streaming,', 'steps[0].load.strategy'],
    [PIPELINE, 'strategy: merge,', 'strategy: merge, when_deleted: gone,', 'steps[0].load.when_deleted'],
    [PIPELINE, 'strategy: merge,', 'strategy: merge, insert_only: true,', 'steps[0].load.insert_only'],
    [PIPELINE, 'strategy: merge,', 'strategy: merge, contract: { columns: evolve },', 'steps[0].load.contract'],
    [SOURCE, 'type: rest_api', 'type: postgres', 'type'],
    [SOURCE, 'type: bearer', 'type: oauth2_client_credentials', 'auth.type'],
    [SOURCE, 'concurrency: 4', 'share: openai', 'limits.share'],
    [SOURCE, 'records:', 'filter: "a = 1"\n    records:', 'resources.completions.filter'],
    [SOURCE, 'records:', 'mask: { email: hash }\n    records:', 'resources.completions.mask'],
    [SOURCE, 'records:', 'responses: []\n    records:', 'resources.completions.responses'],
    [SOURCE, 'records:', 'parent: other\n    records:', 'resources.completions.parent'],
    [FILES, 'format: csv', 'format: avro', 'files.aws.format'],
    [RULES, 'table:', 'freshness: {}\ntable:', 'freshness'],
    [RULES, 'table:', 'volume: {}\ntable:', 'volume'],
    [OPERATOR, 'hosts:', 'service_account: x\nhosts:', 'service_account'],
  ])('%s: %s -> %s is refused by name', (file, from, to, path) => {
    const found = edited(file, from, to)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(/ is not available yet$/)
    expect(found[0]).toContain(` ${path}: `)
  })
})

describe('what the operator does not allow', () => {
  it.each([
    [PIPELINE, 'concurrency: 2', 'concurrency: 5', 'concurrency: the operator allows at most 4'],
    [PIPELINE, 'concurrency: 2', 'timeout: 2d', 'timeout: the operator allows at most 1d'],
    [PIPELINE, '10GB', '200GB', 'steps[2].max_bytes_billed: the operator allows at most 100GB'],
    [SOURCE, 'type: rest_api', 'type: rest_api\nmax_response: 1GB', 'max_response: the operator allows at most 256MB'],
    [SOURCE, '_minute: 300', '_minute: 9000', 'limits.requests_per_minute: the operator allows at most 6000'],
    [
      SOURCE,
      'https://api.openai.com',
      'http://127.0.0.1:8081',
      'base_url: must be https: http sends secrets in the clear (the operator may list the host in `hosts`)',
    ],
    [
      FILES,
      'bucket: billing-exports',
      'bucket: uploads',
      'files.aws.glob: the operator allows openai/ of bucket uploads, and aws/{{ parameters.object }} may match others',
    ],
    [FILES, 'aws/{{', '{aws,b/{{', 'files.aws.glob: glob "{aws,b/**": { has no partner'],
    [
      FILES,
      'bucket: billing-exports',
      'bucket: secrets',
      'files.aws.glob: bucket secrets is not one that the operator allows (uploads, billing-exports)',
    ],
    [
      'configs/acme/pipelines/bills.yml',
      'openai/*.csv',
      'open*.csv',
      'on_upload.bucket: the operator allows openai/ of bucket uploads, and open*.csv may match others',
    ],
  ])('%s: %s -> %s', (file, from, to, expected) => {
    expect(edited(file, from, to).map((line) => line.replace(/^\S+ /, ''))).toEqual([expected])
  })

  it('lets plain http through to a host that the operator lists', () => {
    expect(edited(SOURCE, 'https://api.openai.com', 'http://127.0.0.1:8080')).toEqual([])
  })

  it('is not guessed at while the operator’s file is missing', () => {
    expect(problems({ [OPERATOR]: null })).toEqual([
      'configs/_platform/tenants/acme.yml:1:1: is missing: `convergence tenant create acme` makes it',
    ])
  })
})

describe('references and loads', () => {
  it.each([
    [
      PIPELINE,
      'pipeline_id: openai_cost',
      'pipeline_id: openai_costs',
      "pipeline_id: must be openai_cost, as the file's name says",
    ],
    [
      PIPELINE,
      'keys: [usage_date',
      'keys: [usage_dat',
      'steps[0].load.keys[0]: schema usage_daily has no column usage_dat; did you mean "usage_date"?',
    ],
    [
      PIPELINE,
      'keys: [usage_date',
      'keys: [_run_id',
      'steps[0].load.keys[0]: _run_id is a column of the platform: it differs in every run',
    ],
    [
      PIPELINE,
      'order_by: [_ingested_at]',
      'order_by: [ingested]',
      'steps[0].load.order_by[0]: schema usage_daily has no column ingested; did you mean "_ingested_at"?',
    ],
    [
      PIPELINE,
      'partition_by: usage_date, cluster',
      'partition_by: model, cluster',
      'steps[0].load.partition_by: model is STRING: a partition is a DATE, DATETIME or TIMESTAMP',
    ],
    [PIPELINE, 'keys: [usage_date, model]', 'keys: []', 'steps[0].load.keys: needs at least one column'],
    [
      PIPELINE,
      'partitions: ["{{ parameters.usage_date }}"],',
      '',
      'steps[2].load.partitions: must be a list of partitions, or `all`',
    ],
    [PIPELINE, 'timeout: 30m', 'timeout: 3h', "steps[0].timeout: is longer than the pipeline's own, 2h"],
    [PIPELINE, 'needs: [usage_checks]', 'needs: [cost]', 'steps[2].needs: the steps wait for each other: cost -> cost'],
    [
      PIPELINE,
      'scope: partition',
      'scope: run\n    table: raw_openai.usage',
      'steps[1].scope: run needs a step of this pipeline that loads raw_openai.usage: only then there are rows of this run',
    ],
    [
      PIPELINE,
      'default: yesterday',
      'default: yesterdy',
      'parameters.usage_date.default: must be a date such as 2026-01-31, or today, yesterday, tomorrow',
    ],
    [PIPELINE, 'min: "2020-01-01"', 'min: 5', 'parameters.usage_date.min: does not fit a parameter of type date'],
    [
      PIPELINE,
      'type: date, default: yesterday, min: "2020-01-01"',
      'type: string, pattern: "^(a+)+$"',
      'parameters.usage_date.pattern: repeats a group that holds a repetition: write it without nesting',
    ],
    [
      RULES,
      'column: model',
      'column: modle',
      'expectations[0].kwargs.column: table raw_openai.usage_daily has no column modle; did you mean "model"?',
    ],
    [SQL, '@usage_date', '@usage_dat', 'the run has no parameter @usage_dat (it has @usage_date)'],
    [SQL, '@text', '@text\n', 'this string is never closed'],
    [
      PIPELINE,
      'table: daily_cost,',
      'table: daily_cost, schema: usage_dayly,',
      'steps[2].load.schema: there is no schema usage_dayly (looked for configs/acme/schemas/usage_dayly.json and configs/_shared/schemas/usage_dayly.json); did you mean "usage_daily"?',
    ],
    [
      PIPELINE,
      '"], partition_by',
      '"], max_rejected: 5, partition_by',
      'steps[2].load.max_rejected: is for ingest steps: a query rejects no rows',
    ],
    [
      SQL,
      '{{ raw_openai.usage_daily }}',
      '{{ parameters.usage_date }}',
      '{{ parameters.usage_date }} does not name a table: parameters is not a dataset; write the parameter as @usage_date',
    ],
    [
      SOURCE,
      'parameters.usage_date | minus',
      'parameters.day | minus',
      'resources.completions.windows.from: {{ parameters.day }}: pipeline openai_cost has no parameter day',
    ],
    [
      SOURCE,
      'bucket_width: 1d',
      'bucket_width: "{{ cursor }}"',
      'resources.completions.params.bucket_width: {{ cursor }} needs `incremental` beside it',
    ],
    [
      SOURCE,
      'path: /organization/usage/completions',
      'path: "/{{ secrets.key }}"',
      'resources.completions.path: {{ secrets.* }} is allowed in headers and parameters of requests only',
    ],
    [
      SOURCE,
      'data[*].start_time',
      'date[*].start_time',
      'resources.completions.inherit.usage_date.path: must lead to a field of one of the ancestors that `records` names, by the same way',
    ],
    [
      SOURCE,
      'records:',
      'incremental: { cursor: usage_date }\n    records:',
      'resources.completions.windows: use `windows` or `incremental`, not both',
    ],
    [
      FILES,
      'unblended_cost }',
      'unblended_cost, b: unblended_cost }',
      'files.aws.rename: columns "lineItem/UnblendedCost" and "b" would both be "unblended_cost": `rename` one of them',
    ],
    [
      FILES,
      'format: csv',
      'columns: [aB, a_b, lineItem/UnblendedCost], format: csv',
      'files.aws.columns: columns "aB" and "a_b" would both be "a_b": `rename` one of them',
    ],
    [
      FILES,
      '{{ parameters.object }}',
      '{{ parameters.name }}',
      'files.aws.glob: {{ parameters.name }}: pipeline bills has no parameter name',
    ],
  ])('%s: %s -> %s', (file, from, to, expected) => {
    expect(edited(file, from, to).map((line) => line.replace(/^\S+ /, ''))).toEqual([expected])
  })
})

describe('an incremental resource', () => {
  const incremental = (fields: string, load: string): readonly string[] =>
    problems({
      'configs/acme/sources/events.yml': `source_id: events\ntype: rest_api\nbase_url: https://example.com\nresources:\n  all: { path: /a, params: { since: "{{ cursor }}" }, records: "[*]", incremental: { ${fields} }, types: { at: TIMESTAMP, n: INT64 } }\n`,
      'configs/acme/pipelines/events.yml': `pipeline_id: events\nsteps:\n  - { step_id: all, type: ingest, source: events.all, load: { dataset: raw, table: events, ${load} } }\n`,
    }).map((line) => line.replace(/^\S+ resources\.all\.incremental\./, ''))
  const APPEND = 'strategy: append'

  it('may append by a time, or by a number that is declared unique', () => {
    expect(incremental('cursor: at, initial: "2025-01-01", lag: 5m, size: 1d', APPEND)).toEqual([])
    expect(incremental('cursor: n, initial: "0", unique: true', APPEND)).toEqual([])
    expect(incremental('cursor: at, lookback: 1h', 'strategy: merge, keys: [id]')).toEqual([])
  })

  it.each([
    [
      'cursor: at, lookback: 1h',
      APPEND,
      'lookback: step all of pipeline events appends: rows that are read again would be there twice; merge them, or leave lookback out',
    ],
    [
      'cursor: n',
      APPEND,
      'cursor: step all of pipeline events appends: the cursor must be a time (say so in a schema or in `types`), or be declared `unique: true`',
    ],
    [
      'cursor: unknown',
      APPEND,
      'cursor: step all of pipeline events appends: the cursor must be a time (say so in a schema or in `types`), or be declared `unique: true`',
    ],
    ['cursor: n, unique: true, size: 1d', APPEND, 'size: needs a cursor that is a time'],
    [
      'cursor: at, initial: "yesterday"',
      APPEND,
      'initial: must be a date such as 2026-01-31 or an instant, as the cursor counts, or a whole number',
    ],
    [
      'cursor: at',
      'strategy: overwrite, partitions: all',
      'cursor: step all of pipeline events overwrites the whole table: it would keep the newest rows only',
    ],
  ])('with %s and %s is refused', (fields, loadOptions, expected) => {
    expect(incremental(fields, loadOptions)).toEqual([expected])
  })
})

it('reports the first 200 problems of a file that is nothing but problems', () => {
  const keys = Array.from({ length: 50_000 }, (_, index) => `k${index}: 1`).join('\n')
  expect(problems({ 'configs/acme/tenant.yml': keys })).toHaveLength(200)
})

it('gives one text for one content, whatever the order of keys', () => {
  expect(canonicalJson({ b: 1, a: { d: [2, undefined], c: undefined } })).toBe(
    canonicalJson({ a: { d: [2, null] }, b: 1 }),
  )
})

it('answers whatever a file holds, and never throws', () => {
  const paths = Object.keys(GOOD)
  const damage = fc.record({
    path: fc.constantFrom(...paths),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(40),
    text: fc.oneof(
      fc.constantFrom('{', '[', '"', ': ', '\n', '- ', '{{ ', 'null', '1', '__proto__: ', 'constructor', '*a', '&a '),
      fc.string(),
    ),
  })
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (damages) => {
      const files: Record<string, string> = { ...GOOD }
      for (const { path, at, length, text } of damages) {
        const whole = files[path] ?? ''
        const start = Math.floor(at * whole.length)
        files[path] = whole.slice(0, start) + text + whole.slice(start + length)
      }
      const loaded = load(files)
      expect('snapshot' in loaded || loaded.problems.length > 0).toBe(true)
    }),
    { numRuns: 200 },
  )
})
