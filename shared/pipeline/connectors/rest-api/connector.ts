import { setTimeout } from 'node:timers/promises'
import type { RestApiSource, RestResource } from '@convergence/core/config/source.ts'
import { InvalidConfigError } from '@convergence/core/errors.ts'
import type { Http } from '@convergence/core/ports/http.ts'
import { PendingBytes } from '../../pending-bytes.ts'
import type { Connector, ConnectorContext, Json } from '../connector.ts'
import { readCredentials } from './credentials.ts'
import type { Limits, Sleep } from './limiter.ts'
import { Limiter } from './limiter.ts'
import type { PageReader } from './pages.ts'
import { readLink, sampleLink } from './read-link.ts'
import { planSlots, readSlot } from './slots.ts'

/**
 * Reads JSON APIs: one slot a window, in it page after page. The limits of a source hold for all of its resources and runs over one
 * client, that is in this process, for each tenant by itself.
 */
export const createRestApiConnector = ({ sleep }: { sleep: Sleep }): Connector<RestApiSource> => {
  const limiters = new WeakMap<Http, Map<string, Limiter>>()

  const limiterOf = ({ tenant, source, operator, clock, http }: ConnectorContext<RestApiSource>): Limiter => {
    const { requests_per_minute: asked, concurrency } = source.limits
    const limits: Limits = {
      requestsPerMinute: Math.min(asked ?? Number.POSITIVE_INFINITY, operator.limits.max_requests_per_minute),
      concurrency,
    }
    const key = JSON.stringify([tenant, source.source_id, limits])
    const known = limiters.get(http) ?? new Map<string, Limiter>()
    limiters.set(http, known)
    const limiter = known.get(key) ?? new Limiter(limits, clock, sleep)
    known.set(key, limiter)
    return limiter
  }

  const readerOf = async (
    context: ConnectorContext<RestApiSource>,
    slot: Json,
  ): Promise<PageReader & { requests: () => number }> => {
    const resource = resourceOf(context)
    let requests = 0
    return {
      context,
      resource,
      slot: readSlot(slot),
      credentials: await readCredentials(context, resource),
      limiter: limiterOf(context),
      onRequest: () => requests++,
      memory: new PendingBytes(),
      requests: () => requests,
    }
  }

  return {
    plan: async (context) => ({
      slots: planSlots(context, resourceOf(context)),
      concurrency: context.source.limits.concurrency,
    }),
    read: async (context, slot, continuation) => {
      if (context.columns === undefined)
        throw new InvalidConfigError(`${context.resource} cannot be read before its columns are settled`)
      return readLink(await readerOf(context, slot), context.columns, continuation)
    },
    slotWindow: (context, slot) =>
      resourceOf(context).incremental?.size === undefined ? undefined : readSlot(slot).window,
    sample: async (context, slot) => sampleLink(await readerOf(context, slot)),
    columns: (context) =>
      Object.entries(resourceOf(context).inherit).map(([name, { type }]) => ({ name, type: type?.type })),
  }
}

export const restApiConnector: Connector<RestApiSource> = createRestApiConnector({
  sleep: async (ms) => {
    await setTimeout(ms)
  },
})

const resourceOf = ({ source, resource }: ConnectorContext<RestApiSource>): RestResource => {
  const found = Object.hasOwn(source.resources, resource) ? source.resources[resource] : undefined
  if (found === undefined) throw new InvalidConfigError(`source ${source.source_id} has no resource ${resource}`)
  return found
}
