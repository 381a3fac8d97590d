import type { Clock } from '@convergence/core/ports/clock.ts'

export const systemClock: Clock = { nowMs: () => Date.now() }
