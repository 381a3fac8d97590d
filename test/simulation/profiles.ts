/** How often what goes wrong. Shares are of port calls, of deliveries, of fibers (one delivery's handler at work) or of jobs. */
export interface Profile {
  /** Of calls: the fiber dies before the effect, or after it. */
  readonly crash: number
  /** Of requests: 500, 503, 429 or a reset, without effect. Half of the adapters try again by themselves, as Google's clients do. */
  readonly error: number
  /** Of requests that write: it happens, and the caller sees a time-out. */
  readonly lostAnswer: number
  /** Of requests that write: the caller sees a time-out, and it happens up to ten minutes later. */
  readonly lateEffect: number
  /** Of calls: the fiber sleeps for up to two hours, and goes on after its replacement has finished. */
  readonly pause: number
  /** Of calls: somebody else writes the same document just before. */
  readonly competitor: number
  /** Of calls: what a person or an operator does at that moment. */
  readonly cancel: number
  readonly timeOut: number
  readonly suspend: number
  readonly deploy: number
  /** Of calls: the delivery is given up as a dead letter, although its handler is at work. */
  readonly giveUp: number
  /** Of calls: the sweep begins, which a schedule asks for. */
  readonly sweep: number
  /** Of calls: every key is replaced, and the old ones are refused. */
  readonly rotate: number
  /** Of calls: nothing answers for a minute. */
  readonly blackout: number
  /** Of calls: the clock steps back by up to ten minutes. */
  readonly clockStep: number
  /** Of fibers: the clock is off by up to ten minutes. */
  readonly clockSkew: number
  /** Of deliveries: it comes two to five times. */
  readonly duplicate: number
  /** Of deliveries: it is late, up to two hours. */
  readonly late: number
  /** Of tasks: it is gone without a word, as Cloud Tasks deletes those whose attempts are used up. */
  readonly vanish: number
  /** Of deliveries: the handler was done, and it comes again all the same. */
  readonly droppedAck: number
  /** Of deliveries: it comes again after a moment, while its handler is at work. */
  readonly shortDeadline: number
  /** Of jobs of the warehouse. */
  readonly jobFails: number
  readonly jobIsSlow: number
  /** Of seeds: a table has nearly used up its load jobs of the day, or a job takes few parts. */
  readonly smallQuota: number
}

const NOTHING: Profile = {
  crash: 0,
  error: 0,
  lostAnswer: 0,
  lateEffect: 0,
  pause: 0,
  competitor: 0,
  cancel: 0,
  timeOut: 0,
  suspend: 0,
  deploy: 0,
  giveUp: 0,
  sweep: 0,
  rotate: 0,
  blackout: 0,
  clockStep: 0,
  clockSkew: 0,
  duplicate: 0,
  late: 0,
  vanish: 0,
  droppedAck: 0,
  shortDeadline: 0,
  jobFails: 0,
  jobIsSlow: 0,
  smallQuota: 0,
}

const BASE: Profile = {
  crash: 0.01,
  error: 0.01,
  lostAnswer: 0.01,
  lateEffect: 0.002,
  pause: 0.002,
  competitor: 0.01,
  cancel: 0.0002,
  timeOut: 0.0002,
  suspend: 0.0002,
  deploy: 0.0005,
  giveUp: 0.0002,
  sweep: 0.0002,
  rotate: 0.0005,
  blackout: 0.0002,
  clockStep: 0.005,
  clockSkew: 0.3,
  duplicate: 0.05,
  late: 0.03,
  vanish: 0.001,
  droppedAck: 0.03,
  shortDeadline: 0.03,
  jobFails: 0.1,
  jobIsSlow: 0.05,
  smallQuota: 0.03,
}

const STORM: Profile = {
  ...BASE,
  crash: 0.02,
  error: 0.1,
  lostAnswer: 0.04,
  lateEffect: 0.01,
  pause: 0.005,
  competitor: 0.05,
  blackout: 0.0005,
  duplicate: 0.3,
  late: 0.1,
  droppedAck: 0.1,
  shortDeadline: 0.2,
  jobFails: 0.2,
  jobIsSlow: 0.2,
}

export const PROFILES = { base: BASE, storm: STORM, calm: NOTHING } as const satisfies Record<string, Profile>
export type ProfileName = keyof typeof PROFILES
