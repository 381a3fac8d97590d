import { UnavailableError } from '@convergence/core/errors.ts'
import { MESSAGE } from '@convergence/core/messages.ts'
import { tenantKey } from '@convergence/core/names.ts'
import type { TenantDocument } from '@convergence/core/tenant.ts'
import type { Cloud } from './cloud.ts'
import type { Fiber } from './fiber.ts'
import { sweep } from './serve.ts'
import type { Intervention } from './world.ts'

const MAX_SUSPENDED_MS = 600_000

/** What people and operators do while a handler is at one of its calls: to the run that it works for, or to all. */
export const intervene = (cloud: Cloud, kind: Intervention, fiber: Fiber, amount: number): void => {
  const { world } = cloud
  const { runId } = (fiber.delivery?.payload ?? {}) as { runId?: string }
  switch (kind) {
    case 'deploy':
      cloud.release = (cloud.release + 1) % cloud.releases.length
      break
    case 'giveUp':
      if (fiber.delivery) world.giveUp(fiber.delivery, new UnavailableError('given up'))
      break
    case 'sweep':
      void sweep(cloud)
      break
    case 'rotate':
      for (const versions of cloud.secrets.values()) versions.push(`key-${versions.length + 1}`)
      break
    case 'suspend':
      return suspend(cloud, amount)
    case 'cancel':
      if (runId === undefined) return
      cancel(cloud, runId)
      break
    case 'timeOut':
      if (runId === undefined) return
      world.deliver({ queue: 'runs' }, { ...MESSAGE, trace: 't', type: 'run', runId, check: 'timeout', tick: 0 }, 0)
      break
  }
  world.count(kind)
  world.note(fiber.name, `${kind} meanwhile`)
}

export const cancel = ({ world }: Cloud, runId: string): void => {
  const intent = { end: 'CANCELLED', reason: { code: 'CANCELLED', message: 'on request' } }
  world.deliver({ topic: 'run-events' }, { ...MESSAGE, trace: 't', type: 'run.stop', runId, intent }, 0)
}

/** One tenant starts nothing for some minutes. */
const suspend = (cloud: Cloud, amount: number): void => {
  const { state, world } = cloud
  const tenants = [...state.values()].map(({ value }) => value as TenantDocument).filter(isTenant)
  const found = tenants[Math.floor(amount * tenants.length)]
  if (!found || found.status === 'suspended') return
  world.count('suspend')
  world.note('operator', `suspends ${found.tenant}`)
  state.write(tenantKey(found.tenant), { ...found, status: 'suspended' })
  world.at(amount * MAX_SUSPENDED_MS * 0.5, () => void sweep(cloud))
  world.at(amount * MAX_SUSPENDED_MS, () => state.write(tenantKey(found.tenant), found))
}

const isTenant = (document: Partial<TenantDocument>): boolean => document.createdAt !== undefined
