// A function whose handlers tell the test what they were given, and fail as the payload's run asks.
import { ForbiddenError, UnavailableError } from '@convergence/core/errors.ts'
import type { Delivery } from '@convergence/core/messages.ts'
import type { Ports } from '@convergence/core/ports/index.ts'
import { workFunction } from '@convergence/runtime/functions/work-function.ts'
import { http } from '@google-cloud/functions-framework'
import { openPorts, tell } from './fixture-ports.ts'

const handler =
  (name: string) =>
  async (
    stage: { readonly trace: string; readonly ports: Ports },
    payload: unknown,
    delivery: Delivery,
  ): Promise<void> => {
    tell({ handler: name, payload, delivery })
    stage.ports.log.with({ tenant: 'acme', run: 'r1' }).info('at work')
    const { runId } = payload as { runId?: string }
    if (runId === 'later') throw new UnavailableError('secret inside', { retryAfterMs: 4_000 })
    if (runId === 'never') throw new ForbiddenError('the bucket is closed')
    // Until the test has sent its signal.
    if (runId === 'slow') await new Promise((resolve) => process.once('message', resolve))
  }

http(
  'work',
  workFunction({
    name: 'work',
    openPorts,
    topics: { ingest: handler('ingest') },
    queues: { chunks: handler('chunks') },
    onTick: async () => tell({ tick: true }),
    onUpload: handler('uploads'),
    takesDeadLetters: true,
  }),
)
