import type { IncomingMessage } from 'node:http'
import { toPlatformError, UnavailableError } from '@convergence/core/errors.ts'
import { traceIdOf } from '../tracing.ts'
import { failDeadLetter } from './fail-dead-letter.ts'
import type { Host } from './host.ts'
import { readDelivered, type Delivered } from './read-delivered.ts'
import type { Route, WorkStage } from './routes.ts'

export type Outcome = 'acknowledged' | 'again'

/** Fewer than the queues and subscriptions allow: Cloud Tasks drops a task after its last attempt without a word. */
const MAX_ATTEMPTS = 25

/**
 * Hands a delivery to its handler. What cannot be read is acknowledged and logged: it would come again for ever. What failed for good
 * fails its step or stops its run, and is acknowledged.
 */
export const takeDelivery = async (route: Route, host: Host, request: IncomingMessage): Promise<Outcome> => {
  if (route.to === 'tick') {
    const trace = traceIdOf(headerOf(request, 'traceparent'), host.ports.random)
    return attempt(host, { channel: 'tick', attempt: 1, payload: { trace } }, () => route.onTick(stageOf(host, trace)))
  }
  const delivered = await read(route, host, request)
  if (delivered === 'nothing') return 'acknowledged'
  if (delivered === 'again') return 'again'
  const { payload, channel, attempt: count } = delivered
  if (route.to === 'dead-letter') {
    const reason = new UnavailableError(`no attempt of ${channel} succeeded`)
    return attempt(host, { ...delivered, attempt: 1 }, async () => {
      await failDeadLetter(host.ports.bus, { channel, payload, attempts: count, reason })
    })
  }
  return attempt(host, delivered, () =>
    route.handler(stageOf(host, payload.trace), payload, { attempt: count, trace: payload.trace }),
  )
}

const read = async (
  route: Exclude<Route, { to: 'tick' }>,
  { ports }: Host,
  request: IncomingMessage,
): Promise<Delivered | 'nothing' | 'again'> => {
  try {
    return (await readDelivered(route, request, ports.random)) ?? 'nothing'
  } catch (thrown) {
    const error = toPlatformError(thrown)
    if (error.retryable) {
      ports.log.warn('a delivery cannot be read yet', { url: request.url, reason: error.message })
      return 'again'
    }
    ports.log.error('a delivery that cannot be read was given up', {
      url: request.url,
      reason: error.message,
      ...error.details,
    })
    return 'nothing'
  }
}

const attempt = async ({ ports }: Host, delivered: Delivered, work: () => Promise<void>): Promise<Outcome> => {
  const { channel, payload, attempt: count } = delivered
  try {
    await work()
    return 'acknowledged'
  } catch (thrown) {
    const error = toPlatformError(thrown)
    const log = ports.log.with({
      trace: payload.trace,
      run: payload.runId,
      step: payload.stepId,
      channel,
      attempt: count,
    })
    if (error.retryable && count < MAX_ATTEMPTS) {
      log.warn('a delivery failed and comes again', { error })
      return 'again'
    }
    log.error('a delivery was given up', { error })
    await failDeadLetter(ports.bus, { channel, payload, attempts: count, reason: error })
    return 'acknowledged'
  }
}

const stageOf = ({ ports, settings }: Host, trace: string): WorkStage => {
  const { bucket, lanes, claimLeaseMs: leaseMs, quietMs, keepFilesMs } = settings
  return {
    ports: { ...ports, log: ports.log.with({ trace }) },
    settings: { bucket, lanes, leaseMs, quietMs, keepFilesMs },
    trace,
  }
}

const headerOf = ({ headers }: IncomingMessage, name: string): string | undefined => {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}
