import { failDeadLetter } from '@convergence/runtime/functions/fail-dead-letter.ts'
import { handlersOf } from '@convergence/cli/embedded/handlers.ts'
import type { PlatformError } from '@convergence/core/errors.ts'
import type { Message, Topic } from '@convergence/core/messages.ts'
import { beginSweep } from '@convergence/orchestrator/handler.ts'
import { guardTenant } from './check.ts'
import type { Cloud } from './cloud.ts'
import type { Fiber } from './fiber.ts'
import type { Delivery } from './world.ts'

const settingsOf = (cloud: Cloud) => ({
  bucket: 'convergence',
  lanes: cloud.releases[cloud.release]?.lanes ?? 1,
  leaseMs: 60_000,
})

/** A delivery is the handler's that the platform has for it. Every other seed's host knows what it holds, as the embedded one does. */
export const serve = (cloud: Cloud, delivery: Delivery, fiber: Fiber, violations: string[]): Promise<void> => {
  const { channel, payload, attempt } = delivery
  const ports = guardTenant(cloud, delivery, cloud.portsOf(fiber), violations)
  const underWay = cloud.world.isEmbedded ? async (runId: string) => cloud.world.underWay(runId) : undefined
  const { topics, queues } = handlersOf(ports, settingsOf(cloud), underWay)
  const handler = 'topic' in channel ? topics[channel.topic] : queues[channel.queue]
  return handler(payload, { attempt, trace: 't' })
}

/** What was given up is put away with its reason, and fails its step. */
export const bury = (cloud: Cloud, { channel, payload, attempt }: Delivery, reason: PlatformError): void => {
  const { code, message } = reason
  cloud.deadLetters.push({ payload, reason: { code, message } })
  const bus = { publish: async (topic: Topic, told: Message) => cloud.world.deliver({ topic }, told, 0) }
  const name = 'topic' in channel ? `topics/${channel.topic}` : `queues/${channel.queue}`
  void failDeadLetter(bus, { channel: name, payload, attempts: attempt, reason })
}

/** What a schedule does every few minutes. */
export const sweep = (cloud: Cloud): Promise<void> =>
  cloud.world.act('sweep', (fiber) =>
    beginSweep({ ports: cloud.portsOf(fiber), settings: settingsOf(cloud), trace: 't' }),
  )
