import type { Ports } from '@convergence/core/ports/index.ts'

/** What every verb works with. Those about a tenant take it from here, never from their input, and touch nobody else's. */
export interface ControlContext {
  readonly ports: Ports
  readonly trace: string
}

export interface TenantContext extends ControlContext {
  readonly tenant: string
}

export const nowIso = ({ ports }: ControlContext): string => new Date(ports.clock.nowMs()).toISOString()
