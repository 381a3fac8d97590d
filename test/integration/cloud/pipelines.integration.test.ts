import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../../e2e/flow.ts'
import { BUCKET, startCloud, type Cloud } from './cloud.ts'
import { openCloudTenant, type CloudTenant } from './cloud-tenant.ts'

/** Of the second test. */
const FILES = 200
const DROPS = 'acme-drops'

let cloud: Cloud
let acme: CloudTenant
beforeAll(async () => {
  cloud = await startCloud({ dropBucket: DROPS })
  acme = await openCloudTenant(cloud, {
    id: 'acme',
    // No source of these tests is an API.
    apiPort: 9,
    prepare: (files) => {
      files.schema('lines', { id: 'INT64', name: 'STRING' })
      const source = `source_id: files\ntype: object_storage\nbucket: ${DROPS}\n`
      files.write(
        'sources/files.yml',
        `${source}files:\n  one: { glob: '{{ parameters.object }}', format: csv }\n  many: { glob: 'many/*.csv', format: csv }\n`,
      )
      const load = 'load: { dataset: raw, table: lines, schema: lines, strategy: append }'
      const step = (resource: string) => [`step_id: lines, type: ingest, source: files.${resource}, ${load}`]
      files.pipeline('one', step('one'), `on_upload: { bucket: ${DROPS}, glob: 'in/*.csv' }`)
      files.pipeline('many', step('many'))
    },
  })
}, 120_000)
afterAll(async () => {
  acme?.remove()
  await cloud?.stop()
}, 60_000)

const upload = async (name: string, rows: readonly number[]): Promise<void> => {
  const storage = await cloud.clients.storage()
  const text = `id,name\n${rows.map((id) => `${id},n${id}\n`).join('')}`
  await storage.bucket(DROPS).file(name).save(text, { resumable: false, validation: false })
}

interface Manifest {
  readonly chunks: number
  readonly counts: { readonly accepted: number }
}

const manifestOf = async (runId: string): Promise<Manifest> => {
  const storage = await cloud.clients.storage()
  const [content] = await storage.bucket(BUCKET).file(`acme/runs/${runId}/lines/manifest.json`).download()
  return JSON.parse(content.toString()) as Manifest
}

const partsOf = async (runId: string): Promise<number> => {
  const storage = await cloud.clients.storage()
  const [files] = await storage.bucket(BUCKET).getFiles({ prefix: `acme/runs/${runId}/lines/chunks/` })
  return files.filter(({ name }) => name.endsWith('.parquet')).length
}

test('an upload becomes one run, whose file is typed, staged and asked to be published', async () => {
  await upload('elsewhere.csv', [1])
  await upload('in/a.csv', [1, 2, 3])
  const { run_id: runId } = await eventually(async () => (await acme.runs())[0])
  expect(await acme.ended(runId)).toMatchObject({
    status: 'FAILED',
    pipeline_id: 'one',
    steps: [{ step_id: 'lines', status: 'FAILED', error: { message: 'this warehouse takes no job' } }],
  })
  expect(await acme.runs()).toHaveLength(1)
  expect([await partsOf(runId), await manifestOf(runId)]).toMatchObject([1, { chunks: 1 }])
}, 60_000)

test(`${FILES} chunks go through the queue in lanes, each once, and into one manifest`, async () => {
  for (let file = 0; file < FILES; file++) await upload(`many/${file}.csv`, [file * 2, file * 2 + 1])
  const runId = await acme.start('many')
  const { status } = await acme.ended(runId)
  expect(status).toBe('FAILED')
  const manifest = await manifestOf(runId)
  expect([await partsOf(runId), manifest]).toMatchObject([FILES, { chunks: FILES }])
}, 240_000)
