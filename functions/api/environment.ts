import type { RunDeliveries } from '@convergence/control/runs/deliveries.ts'
import type { Ports } from '@convergence/core/ports/index.ts'

interface ApiSettings {
  readonly pepper: string
  /** Digest of the admin key under the pepper; undefined: the admin routes are closed. */
  readonly adminDigest: string | undefined
  readonly corsOrigins: readonly string[]
  /** Of one API key, and of one address that sends none. */
  readonly requestsPerMinute: number
  readonly version: string
  /** The platform's own bucket. */
  readonly bucket: string
}

export interface ApiDeps {
  readonly ports: Ports
  readonly settings: ApiSettings
  /** Absent where the host cannot tell what becomes of messages and tasks. */
  readonly deliveries?: RunDeliveries | undefined
}

/** What a request carries through the app. */
export interface ApiEnv {
  Variables: {
    trace: string
    tenant: string
    keyId: string
  }
}

/** Bytes of a request's body. */
export const MAX_BODY = 1024 * 1024
