import type { Delivery, Queue, Topic } from '@convergence/core/messages.ts'
import type { Ports } from '@convergence/core/ports/index.ts'
import { onDqCommand, onDqTask } from '@convergence/dq/handler.ts'
import { onIngestCommand, onIngestTask } from '@convergence/ingest/handler.ts'
import { onRunEvent, onRunTask } from '@convergence/orchestrator/handler.ts'
import { onTransformCommand, onTransformTask } from '@convergence/transform/handler.ts'
import { onUpload } from '@convergence/uploads/handler.ts'

type Stage = Parameters<typeof onIngestCommand>[0]
type Handler = (payload: unknown, delivery: Delivery) => Promise<void>

/** Every function's handlers, by what is delivered to them: the same as on Google Cloud. */
export const handlersOf = (
  ports: Ports,
  settings: Stage['settings'],
  underWay?: Stage['underWay'],
): { topics: Record<Topic, Handler>; queues: Record<Queue, Handler> } => {
  const stage =
    (handler: (stage: Stage, payload: unknown, delivery: Delivery) => Promise<void>): Handler =>
    (payload, delivery) =>
      handler(
        {
          ports: { ...ports, log: ports.log.with({ trace: delivery.trace }) },
          settings,
          trace: delivery.trace,
          underWay,
        },
        payload,
        delivery,
      )
  return {
    topics: {
      'run-events': stage(onRunEvent),
      ingest: stage(onIngestCommand),
      dq: stage(onDqCommand),
      transform: stage(onTransformCommand),
      uploads: stage(onUpload),
    },
    queues: {
      chunks: stage(onIngestTask),
      'ingest-jobs': stage(onIngestTask),
      'dq-jobs': stage(onDqTask),
      'transform-jobs': stage(onTransformTask),
      runs: stage(onRunTask),
    },
  }
}
