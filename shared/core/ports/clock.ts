/** Time, injected so that a simulation can own it. */
export interface Clock {
  /** Milliseconds since the epoch, UTC. */
  nowMs(): number
}
