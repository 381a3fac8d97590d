import type { Queue, Topic } from '@convergence/core/messages.ts'
import { UnavailableError } from '@convergence/core/errors.ts'
import { Prng } from './prng.ts'

/**
 * A simulated cloud: time that moves only here, deliveries that come late, twice or in another order, and processes that die at any port
 * call. Handlers run as fibers; each port call is a point at which the seed decides what happens next. Nothing sleeps.
 */
export interface Profile {
  /** A fiber dies before or after a port call's effect. */
  readonly crash: number
  /** A call fails without effect. */
  readonly error: number
  /** A write happens, and the caller sees a time-out. */
  readonly lostAnswer: number
  /** A delivery comes again although its handler is at work, or was done. */
  readonly duplicate: number
  /** A delivery is late, up to two hours. */
  readonly late: number
  /** A job of the warehouse fails. */
  readonly jobFails: number
}

export const PROFILES = {
  base: { crash: 0.01, error: 0.01, lostAnswer: 0.01, duplicate: 0.05, late: 0.05, jobFails: 0.05 },
  storm: { crash: 0.05, error: 0.1, lostAnswer: 0.05, duplicate: 0.3, late: 0.2, jobFails: 0.2 },
  calm: { crash: 0, error: 0, lostAnswer: 0, duplicate: 0, late: 0, jobFails: 0 },
} as const satisfies Record<string, Profile>

export type Channel = { readonly topic: Topic } | { readonly queue: Queue }

export interface Delivery {
  readonly channel: Channel
  readonly payload: unknown
  attempt: number
  dueMs: number
  done: boolean
}

/** A fault that is thrown once at one port call, for the exhaustive mode. */
export interface Aim {
  readonly call: number
  readonly kind: 'crash-before' | 'crash-after' | 'lost-answer'
}

type Handler = (delivery: Delivery, fiber: Fiber) => Promise<void>

/** What happened, with what it was done to: the shortest such list is what a person reads of a failure. */
export type Trace = string[]

/** Who holds a delivery for longer than this is taken for dead, and the delivery comes again. */
const ACK_DEADLINE_MS = 60_000
const MAX_LATE_MS = 2 * 3_600_000
const MAX_STEPS = 200_000

export class Fiber {
  readonly world: World
  readonly name: string
  /** Its clock is off by so much. */
  readonly skewMs: number
  dead = false
  over = false

  constructor(world: World, name: string, skewMs: number) {
    this.world = world
    this.name = name
    this.skewMs = skewMs
  }

  /** One port call: waits for its turn, then does the effect whole, or not at all. */
  async call<T>(label: string, effect: () => T, kind: 'read' | 'write'): Promise<T> {
    await this.world.turn(this)
    const fault = this.world.faultAt(label, kind)
    if (fault === 'crash-before') return this.#die(label, 'before')
    if (fault === 'error') throw new UnavailableError(`${label}: 503`)
    const result = effect()
    this.world.note(`${this.name}: ${label}`)
    if (fault === 'crash-after') return this.#die(label, 'after')
    if (fault === 'lost-answer') throw new UnavailableError(`${label}: the answer was lost`)
    return result
  }

  /** Never resolves: what a killed process had on its stack is gone. */
  #die(label: string, when: string): Promise<never> {
    this.dead = true
    this.world.note(`${this.name} dies ${when} ${label}`)
    return new Promise(() => {})
  }
}

export class World {
  readonly random: Prng
  readonly profile: Profile
  readonly trace: Trace = []
  readonly counts = new Map<string, number>()
  nowMs = Date.UTC(2026, 0, 15, 6)
  /** Once faults stop, everything must end. */
  calm = false
  calls = 0
  readonly #aim: Aim | undefined
  readonly #handler: Handler
  readonly #deliveries: Delivery[] = []
  readonly #timed: { dueMs: number; run: () => void }[] = []
  readonly #waiting: { fiber: Fiber; resume: () => void }[] = []
  #fibers = 0

  constructor(options: { seed: number; profile: Profile; handler: Handler; aim?: Aim | undefined }) {
    this.random = new Prng(options.seed)
    this.profile = options.profile
    this.#handler = options.handler
    this.#aim = options.aim
  }

  note(line: string): void {
    this.trace.push(`${((this.nowMs - Date.UTC(2026, 0, 15, 6)) / 1000).toFixed(1)}s ${line}`)
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  #chance(share: number): boolean {
    return !this.calm && this.random.chance(share)
  }

  faultAt(label: string, kind: 'read' | 'write'): 'crash-before' | 'crash-after' | 'error' | 'lost-answer' | undefined {
    const call = this.calls++
    if (this.#aim) {
      if (this.#aim.call !== call) return undefined
      this.count(this.#aim.kind)
      return this.#aim.kind
    }
    const { crash, error, lostAnswer } = this.profile
    const fault = this.#chance(crash)
      ? this.random.chance(0.5)
        ? 'crash-before'
        : 'crash-after'
      : this.#chance(error)
        ? 'error'
        : kind === 'write' && this.#chance(lostAnswer)
          ? 'lost-answer'
          : undefined
    if (fault) this.count(fault)
    return fault
  }

  deliver(channel: Channel, payload: unknown, delayMs: number): void {
    const late = this.#chance(this.profile.late) ? this.random.below(MAX_LATE_MS) : this.random.below(200)
    if (late > 200) this.count('late')
    this.#deliveries.push({ channel, payload, attempt: 1, dueMs: this.nowMs + delayMs + late, done: false })
    if (this.#chance(this.profile.duplicate)) {
      this.count('duplicate')
      for (let copies = 1 + this.random.below(4); copies > 0; copies--)
        this.#deliveries.push({
          channel,
          payload,
          attempt: 1,
          dueMs: this.nowMs + delayMs + this.random.below(MAX_LATE_MS),
          done: false,
        })
    }
  }

  /** Something that happens by itself later: a job ends, a person cancels. */
  at(delayMs: number, run: () => void): void {
    this.#timed.push({ dueMs: this.nowMs + delayMs, run })
  }

  turn(fiber: Fiber): Promise<void> {
    return new Promise((resume) => this.#waiting.push({ fiber, resume }))
  }

  /** Until nothing is left to happen. Throws when that takes for ever. */
  async run(until: () => boolean): Promise<void> {
    for (let step = 0; ; step++) {
      if (step > MAX_STEPS) throw new Error(`nothing ended within ${MAX_STEPS} steps`)
      if (!this.#step()) {
        if (this.#deliveries.length + this.#timed.length === 0) return
        this.nowMs = Math.min(...this.#deliveries.map(({ dueMs }) => dueMs), ...this.#timed.map(({ dueMs }) => dueMs))
        continue
      }
      // Everything that can go on without a port call has gone on when the event loop turns.
      await new Promise<void>((resolve) => setImmediate(resolve))
      if (until()) return
    }
  }

  #step(): boolean {
    const deliveries = this.#deliveries.filter(({ dueMs }) => dueMs <= this.nowMs)
    const timed = this.#timed.filter(({ dueMs }) => dueMs <= this.nowMs)
    const choices = this.#waiting.length + deliveries.length + timed.length
    if (choices === 0) return false
    let choice = this.random.below(choices)
    this.nowMs += this.random.below(20)
    if (choice < this.#waiting.length) {
      const [next] = this.#waiting.splice(choice, 1)
      next?.resume()
      return true
    }
    choice -= this.#waiting.length
    const delivery = deliveries[choice]
    if (delivery) {
      this.#deliveries.splice(this.#deliveries.indexOf(delivery), 1)
      void this.#handle(delivery)
      return true
    }
    const event = timed[choice - deliveries.length]
    if (event) {
      this.#timed.splice(this.#timed.indexOf(event), 1)
      event.run()
    }
    return true
  }

  async #handle(delivery: Delivery): Promise<void> {
    const skewMs = this.calm ? 0 : this.random.below(1_200_000) - 600_000
    const fiber = new Fiber(this, `#${++this.#fibers} ${describe(delivery)}`, this.profile.crash === 0 ? 0 : skewMs)
    // Who does not answer in time is delivered again, while it may still be at work.
    const again = (delayMs: number): void => {
      this.#deliveries.push({ ...delivery, attempt: delivery.attempt + 1, dueMs: this.nowMs + delayMs })
    }
    this.at(ACK_DEADLINE_MS, () => {
      if (!fiber.over) again(0)
    })
    try {
      await this.#handler(delivery, fiber)
      fiber.over = true
    } catch (error) {
      fiber.over = true
      this.note(`${fiber.name} fails: ${error instanceof Error ? error.message : String(error)}`)
      const retryAfterMs = (error as { retryAfterMs?: number }).retryAfterMs
      again(retryAfterMs ?? Math.min(60_000, 500 * 2 ** delivery.attempt))
    }
  }
}

const describe = ({ channel, payload }: Delivery): string => {
  const { type, stepId, chunk, tick } = payload as Partial<Record<string, string | number>>
  const where = 'topic' in channel ? channel.topic : channel.queue
  return [where, type, stepId, chunk, tick].filter((part) => part !== undefined).join(' ')
}
