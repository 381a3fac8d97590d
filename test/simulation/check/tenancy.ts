import type { Ports } from '@convergence/core/ports/index.ts'
import type { ObjectRef } from '@convergence/core/ports/object-store.ts'
import type { Job, JobRef } from '@convergence/core/ports/warehouse.ts'
import type { Run } from '@convergence/core/run/run.ts'
import type { Cloud } from '../cloud.ts'
import type { Delivery } from '../world.ts'

/** Every storage, state, warehouse and queue call carries the tenant of the run that it is made for. */
export const guardTenant = (cloud: Cloud, { payload }: Delivery, ports: Ports, violations: string[]): Ports => {
  const tenant = tenantOf(cloud, payload)
  if (tenant === undefined) return ports
  const check = (what: string, is: boolean): void => {
    if (!is) violations.push(`work of ${tenant} touched ${what}`)
  }
  const checkKey = (key: string): void => check(`state ${key}`, keyIsOf(cloud, key, tenant))
  const checkObject = ({ bucket, name }: ObjectRef): void =>
    check(`object ${bucket}/${name}`, name.startsWith(`${tenant}/`))
  const checkMessage = (told: object): void => {
    const { runId } = told as { runId?: string }
    if (runId !== undefined) check(`a message of ${runId}`, keyIsOf(cloud, `runs/${runId}`, tenant))
  }
  const checkTenant = (what: string, other: string): void => check(`${what} of ${other}`, other === tenant)
  const { state, objects, bus, tasks, configs, secrets, http, warehouse } = ports
  return {
    ...ports,
    state: {
      get: (key) => (checkKey(key), state.get(key)),
      compareAndSet: (key, expected, value) => (checkKey(key), state.compareAndSet(key, expected, value)),
      delete: (key, expected) => (checkKey(key), state.delete(key, expected)),
      list: (prefix, options) => (checkKey(prefix), state.list(prefix, options)),
    },
    objects: {
      put: (ref, body, options) => (checkObject(ref), objects.put(ref, body, options)),
      head: (ref) => (checkObject(ref), objects.head(ref)),
      read: (ref, options) => (checkObject(ref), objects.read(ref, options)),
      list: (bucket, prefix, options) => (checkObject({ bucket, name: prefix }), objects.list(bucket, prefix, options)),
      delete: (ref, generation) => (checkObject(ref), objects.delete(ref, generation)),
    },
    bus: { publish: (topic, message) => (checkMessage(message), bus.publish(topic, message)) },
    tasks: { enqueue: (queue, task, options) => (checkMessage(task), tasks.enqueue(queue, task, options)) },
    configs: {
      current: (other) => configs.current(other),
      load: (other, hash) => (checkTenant('the config', other), configs.load(other, hash)),
    },
    secrets: {
      get: (other, name) => (checkTenant('a secret', other), secrets.get(other, name)),
      invalidate: (...given) => secrets.invalidate(...given),
    },
    http: {
      request: (request) => (
        check(request.url, new URL(request.url).hostname === `${tenant}.test`),
        http.request(request)
      ),
    },
    warehouse: {
      ...warehouse,
      submit: (ref, job) => {
        for (const other of tenantsOf(ref, job)) checkTenant('the warehouse', other)
        return warehouse.submit(ref, job)
      },
      poll: (ref) => (checkTenant('a job', ref.tenant), warehouse.poll(ref)),
      rows: (ref, options) => (checkTenant('a job', ref.tenant), warehouse.rows(ref, options)),
      dryRun: (other, sql) => (checkTenant('a dry run', other), warehouse.dryRun(other, sql)),
      describe: (table) => (checkTenant('a table', table.tenant), warehouse.describe(table)),
    },
  }
}

/** Of the run; of an upload that of the folder it lies in. */
const tenantOf = ({ state }: Cloud, payload: unknown): string | undefined => {
  const { runId, name } = payload as { runId?: string; name?: string }
  if (runId !== undefined) return (state.get(`runs/${runId}`)?.value as Run | undefined)?.tenant
  return name?.split('/')[0]
}

const keyIsOf = ({ state }: Cloud, key: string, tenant: string): boolean => {
  const [kind = '', owner = '', third = ''] = key.split('/')
  if (kind === 'expiry') return third === tenant
  if (kind === 'tenants') return owner === '' || owner === tenant
  if (kind !== 'runs' && kind !== 'receipts') return owner === tenant
  const run = state.get(`runs/${owner}`)?.value as Run | undefined
  return !run || run.tenant === tenant
}

const tenantsOf = (ref: JobRef, job: Job): string[] => {
  const found = [ref.tenant, job.labels.tenant]
  if (job.kind !== 'publish') return found
  const { source, target } = job
  const own =
    source.kind === 'parts'
      ? source.parts.map(({ name }) => name.split('/')[0] ?? '')
      : Object.values(source.tables).map(({ tenant }) => tenant)
  return [...found, target.tenant, ...own]
}
