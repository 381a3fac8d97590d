import { join, relative } from 'node:path'
import { UnavailableError } from '@convergence/core/errors.ts'
import type { CliContext } from '../context.ts'
import type { Embedded } from '../embedded.ts'
import { Exit } from '../failure.ts'
import type { RunLook } from '../platform/platform.ts'
import { commandLine, type Project } from '../project.ts'
import { renderRunSummary } from '../render/run-summary.ts'
import { watchRun } from '../watch-run.ts'
import { reportDemo } from './demo-report.ts'
import { DEMO_TENANT, dropFile } from './prepare-demo.ts'
import { createTeller, type Teller } from './teller.ts'
import { DEMO_DATE } from './usage-data.ts'
import { billCsv, pricesCsv } from './usage-files.ts'
import type { UsageServer } from './usage-server.ts'

interface Demo {
  readonly context: CliContext
  readonly embedded: Embedded
  readonly server: UsageServer
}

/** The whole story: a tenant, an uploaded bill, usage from an API, the cost, and the proof. */
export const runDemo = async ({ context, embedded, server }: Demo): Promise<void> => {
  const { project, platform } = embedded
  const folder = relative(context.io.cwd, project.root)
  const teller = createTeller(context)
  const told = { context, embedded, teller }

  context.print(context.style.bold('Convergence demo'))
  teller.say(
    `The company acme wants to know what OpenAI costs it, by project and model, and whether the bill is right. Everything runs on this machine: the project is the folder ${folder}, its tables are in ${join(folder, '.convergence')}.`,
  )

  teller.head('A tenant')
  await platform.createTenant({ tenant: DEMO_TENANT })
  teller.say(
    `Tenant acme is there. Its pipelines are YAML files in ${join(folder, 'configs/acme')}, what it may reach is in configs/_platform/tenants/acme.yml, and its tables are in datasets of its own (acme_raw_openai, acme_silver_cost, …).`,
  )
  await embedded.work({ watchUploads: true })
  dropFile(project, 'prices/openai.csv', pricesCsv())
  const bill = await uploadBill(told)
  const usage = await fetchUsage(told, server)
  await reportDemo({ context, platform, teller, looks: [bill, usage] })
  tellNext(context, teller, { project, runId: usage.run.run_id })
}

interface Told {
  readonly context: CliContext
  readonly embedded: Embedded
  readonly teller: Teller
}

const uploadBill = async ({ context, embedded, teller }: Told): Promise<RunLook> => {
  const before = await runsOfBill(embedded)
  const path = dropFile(embedded.project, `bills/${DEMO_DATE}.csv`, billCsv(DEMO_DATE))
  teller.head('A bill is uploaded')
  teller.say(
    `The provider's bill of ${DEMO_DATE} was dropped into acme's bucket: ${relative(context.io.cwd, path)}. That starts the pipeline provider_bill by itself. One of its lines has "see credit note" where the amount should be.`,
  )
  return finish({ context, embedded, teller }, await startedByUpload(embedded, before))
}

const fetchUsage = async ({ context, embedded, teller }: Told, server: UsageServer): Promise<RunLook> => {
  teller.head('Usage is fetched, checked and priced')
  teller.say(
    `The pipeline openai_cost reads four days of usage page by page from a local server that speaks OpenAI's API, loads it by merge (so that reading a day again replaces it), checks it, and computes the cost of ${DEMO_DATE}.`,
  )
  const asked = await embedded.platform.requestRun({
    tenant: DEMO_TENANT,
    pipelineId: 'openai_cost',
    parameters: { usage_date: DEMO_DATE },
  })
  const look = await finish({ context, embedded, teller }, asked.runId)
  const { pages } = server.tally
  teller.say(
    `The server gave ${pages} pages. On the way it answered once "429, wait a second" and once "500": the pages were asked for again.`,
  )
  return look
}

const finish = async ({ context, embedded: { platform, project }, teller }: Told, runId: string): Promise<RunLook> => {
  const look = await watchRun(context, platform, runId, { quiet: !context.io.isTerminal })
  teller.show(renderRunSummary(look, { ...context.table(), command: commandLine(context.io.cwd, project) }))
  if (look.run.status !== 'SUCCEEDED') throw new Exit(1)
  return look
}

const runsOfBill = async ({ platform }: Embedded): Promise<ReadonlySet<string>> => {
  const { runs } = await platform.listRuns({ tenant: DEMO_TENANT, pipelineId: 'provider_bill', limit: 100 })
  return new Set(runs.map(({ run_id }) => run_id))
}

const LOOKS = 300
const LOOK_EVERY_MS = 100

const startedByUpload = async (embedded: Embedded, before: ReadonlySet<string>): Promise<string> => {
  for (let look = 0; look < LOOKS; look++) {
    const started = [...(await runsOfBill(embedded))].find((runId) => !before.has(runId))
    if (started !== undefined) return started
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  throw new UnavailableError('the uploaded bill started no run within 30 seconds: run the demo again')
}

const tellNext = (
  context: CliContext,
  teller: Teller,
  { project, runId }: { project: Project; runId: string },
): void => {
  const typed = commandLine(context.io.cwd, project)
  const command = (rest: string): string => `  ${typed(rest)}`
  teller.head('What to try next')
  context.print(
    [
      command(
        `query acme "SELECT model, SUM(cost_usd) AS usd FROM silver_cost.daily_cost GROUP BY model ORDER BY usd DESC"`,
      ),
      command(`query acme "SELECT reason, raw FROM quarantine.rejected_rows WHERE _run_id = '${runId}'"`),
      command('runs acme'),
      command('validate --secrets'),
      `${command('dev')}   (the HTTP API; a file dropped into a bucket folder starts its pipeline)`,
      `  npx convergence init shop   (a small commented project to begin with)`,
      `Run the demo again: nothing is doubled, the totals are the same.`,
    ].join('\n'),
  )
}
