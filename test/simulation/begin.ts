import { MESSAGE } from '@convergence/core/messages.ts'
import { runEnded, type Run } from '@convergence/core/run/run.ts'
import type { Cloud } from './cloud.ts'
import { cancel } from './interventions.ts'
import { BUCKET, TENANTS, type Upload } from './scenario.ts'
import { sweep } from './serve.ts'

/** Puts what the uploads need in its place, and lets them, their stops and what else becomes of them happen in their time. */
export const begin = (cloud: Cloud, uploads: readonly Upload[]): void => {
  for (const upload of uploads) {
    placeFiles(cloud, upload)
    send(cloud, upload)
  }
  arrange(cloud, uploads)
  const watched = uploads.filter(({ stopAt }) => stopAt !== undefined)
  if (watched.length > 0) stopAtMoments(cloud, watched)
}

/** What is arranged for a run happens to it alone. */
const arrange = (cloud: Cloud, uploads: readonly Upload[]): void => {
  const { world } = cloud
  if (!uploads.some(({ stalls, failsFirst, loses }) => stalls !== undefined || failsFirst || loses !== undefined))
    return
  const calls = new Map<string, number>()
  const lost = new Set<string>()
  const uploadOf = (runId: string | undefined): Upload | undefined => {
    const run = cloud.state.get(`runs/${runId}`)?.value as Run | undefined
    return run?.cause.type === 'upload'
      ? uploads.find(({ object }) => run.cause.type === 'upload' && object === run.cause.name)
      : undefined
  }
  world.arrangement = {
    stallMs: ({ delivery }, label) => {
      const { runId } = (delivery?.payload ?? {}) as { runId?: string }
      let forMs = 0
      for (const { verb, what, nth, ...stall } of uploadOf(runId)?.stalls ?? []) {
        if (!label.startsWith(verb) || !label.includes(what)) continue
        const key = `${runId} ${verb} ${what}`
        const times = (calls.get(key) ?? 0) + 1
        calls.set(key, times)
        if (times === nth) forMs += stall.forMs
      }
      return forMs
    },
    vanishes: (payload) => {
      const { type, runId = '', chunk } = payload as { type: string; runId?: string; chunk?: number }
      if (type !== 'chunk' || lost.has(runId) || uploadOf(runId)?.loses !== chunk) return false
      lost.add(runId)
      return true
    },
    jobFails: (runId, jobId) => /^convergence-[0-9a-f]{40}-a1$/.test(jobId) && uploadOf(runId)?.failsFirst === true,
  }
  if (!uploads.some(({ loses }) => loses !== undefined)) return
  for (let sweeps = 1; sweeps <= 8; sweeps++) world.at(sweeps * SWEEP_EVERY_MS, () => void sweep(cloud))
}

const SWEEP_EVERY_MS = 17 * 60_000

const placeFiles = ({ world, objects }: Cloud, upload: Upload): void => {
  const put = (name: string, text: string): void => void objects.putObject({ bucket: BUCKET, name }, Buffer.from(text))
  for (const { name, text } of upload.files) put(name, text)
  for (const { name, versions } of upload.moving ?? [])
    for (const { afterMs, text } of versions) {
      if (afterMs === 0) put(name, text)
      else world.at(afterMs, () => put(name, text))
    }
}

const send = (cloud: Cloud, upload: Upload): void => {
  const { world, objects } = cloud
  const object = { bucket: BUCKET, name: upload.object }
  const { generation, size } = objects.putObject(object, Buffer.from('go'))
  const event = { ...MESSAGE, trace: 't', type: 'object.finalized', ...object, generation, size }
  world.at(upload.atMs, () => world.deliver({ topic: 'uploads' }, event, 0))
  const { cancelAfterMs, forgeAfterMs } = upload
  if (cancelAfterMs !== undefined) world.at(upload.atMs + cancelAfterMs, () => stop(cloud, upload))
  if (forgeAfterMs !== undefined) world.at(upload.atMs + forgeAfterMs, () => forge(cloud, upload))
}

const runOf = ({ state }: Cloud, { object }: Upload): Run | undefined => {
  for (const [key, { value }] of state) {
    const run = value as Run
    if (key.startsWith('runs/') && run.cause.type === 'upload' && run.cause.name === object) return run
  }
  return undefined
}

const stop = (cloud: Cloud, upload: Upload): void => {
  const run = runOf(cloud, upload)
  if (run) cancel(cloud, run.runId)
}

/** A command that claims to be another tenant's. Nobody may act on what it claims. */
const forge = (cloud: Cloud, upload: Upload): void => {
  const run = runOf(cloud, upload)
  const step = run?.steps.find(({ status }) => status === 'RUNNING' || status === 'PUBLISHING')
  if (!run || !step) return
  const tenant = TENANTS.find((one) => one !== run.tenant)
  const type = step.status === 'RUNNING' ? 'step.run' : 'step.publish'
  cloud.world.count('forged message')
  cloud.world.deliver(
    { topic: step.type },
    { ...MESSAGE, trace: 't', type, runId: run.runId, stepId: step.stepId, tenant },
    0,
  )
}

/** Stops that come at a moment of their run. */
const stopAtMoments = (cloud: Cloud, uploads: readonly Upload[]): void => {
  const { world, state, tables } = cloud
  const open = new Map(uploads.map((upload) => [upload.object, upload]))
  const reached = (runId: string, moment: NonNullable<Upload['stopAt']>['moment']): void => {
    const run = state.get(`runs/${runId}`)?.value as Run | undefined
    const upload = run?.cause.type === 'upload' ? open.get(run.cause.name) : undefined
    if (!run || runEnded(run) || upload?.stopAt?.moment !== moment) return
    open.delete(upload.object)
    world.at(upload.stopAt.afterMs, () => cancel(cloud, runId))
  }
  const { onWrite } = state
  state.onWrite = (key, before, after) => {
    onWrite(key, before, after)
    if (key.startsWith('ledgers/')) {
      const { claim } = after as { claim?: { runId: string; finished: boolean } }
      if (claim && !claim.finished) world.at(0, () => reached(claim.runId, 'claimed'))
    }
    const run = after as Run
    if (key.startsWith('runs/') && run.steps.some(({ status }) => status === 'PUBLISHING'))
      world.at(0, () => reached(run.runId, 'publishing'))
  }
  const { onJob, onLanding } = tables
  tables.onJob = (what, ref, job) => {
    onJob(what, ref, job)
    if (job.kind === 'publish') reached(job.labels.run, what)
  }
  tables.onLanding = (landing) => {
    onLanding(landing)
    world.at(0, () => reached(landing.labels.run, 'visible'))
  }
}
