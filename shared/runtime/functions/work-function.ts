import type { IncomingMessage, ServerResponse } from 'node:http'
import { toPlatformError } from '@convergence/core/errors.ts'
import { answer, complain } from './answer.ts'
import { LazyHost, type HostOptions } from './host.ts'
import { Requests } from './requests.ts'
import { findRoute, type WorkRoutes } from './routes.ts'
import { tokenVerifier, type VerifyToken } from './verify-token.ts'
import { takeDelivery } from './take-delivery.ts'

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/**
 * A function that answers Pub/Sub, Cloud Tasks and Cloud Scheduler. Who calls is checked; what is done, or of no use to try again, is
 * acknowledged (204); what may succeed later is answered 500, and comes again. Not 429 or 503: Cloud Tasks would slow the whole queue
 * down for one tenant's failure (https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks#httprequest).
 */
export const workFunction = (options: HostOptions & WorkRoutes): HttpHandler => {
  const host = new LazyHost(options)
  const requests = new Requests({ onStop: () => host.close() })
  let verify: VerifyToken | undefined
  return async (request, response) => {
    requests.reveal(request)
    try {
      const opened = await host.open()
      const route = findRoute(options, request)
      if (!route) return answer(response, 404)
      verify ??= tokenVerifier(opened.settings, opened.ports.clock)
      await verify(request.headers.authorization)
      const outcome = await takeDelivery(route, opened, request)
      answer(response, outcome === 'acknowledged' ? 204 : 500)
    } catch (thrown) {
      const error = toPlatformError(thrown)
      if (error.code === 'UNAUTHENTICATED') return answer(response, 401, error.message)
      if (error.code === 'FORBIDDEN') return answer(response, 403, error.message)
      // A setting that is missing, a client that cannot be made, an issuer that does not answer: nothing was taken yet.
      complain(options.name, error)
      answer(response, 500)
    }
  }
}
