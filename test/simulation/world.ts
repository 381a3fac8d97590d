import { PlatformError, toPlatformError } from '@convergence/core/errors.ts'
import type { Queue, Topic } from '@convergence/core/messages.ts'
import { Agenda } from './agenda.ts'
import { Faults } from './faults.ts'
import { Fiber } from './fiber.ts'
import { keyOf, within } from './prng.ts'
import type { Profile } from './profiles.ts'

/**
 * A simulated cloud's time and deliveries: they come late, twice or in another order, and processes die at any port call. Everything
 * that happens is an event on one agenda; how long it takes, and whether it fails, hangs on the seed. Nothing sleeps.
 */
export type Channel = { readonly topic: Topic } | { readonly queue: Queue }

export interface Delivery {
  readonly channel: Channel
  readonly payload: unknown
  readonly name: string
  readonly key: number
  /** 1 is the first. */
  attempt: number
  failures: number
  /** Acknowledged, or given up. */
  isSettled: boolean
  /** Who is at work on it: of older attempts no answer counts any more. */
  lease: Fiber | undefined
}

/** A fault that is thrown once at one port call, for the exhaustive mode. */
export interface Aim {
  readonly call: number
  readonly kind: 'crash-before' | 'crash-after' | 'lost-answer'
}

/** What a scenario arranges, beside the faults of the seed. */
interface Arrangement {
  /** So long the fiber sleeps before the call. */
  stallMs(fiber: Fiber, label: string): number
  /** The task is gone without a word. */
  vanishes(payload: unknown): boolean
  /** The job of the run fails by what may work again. */
  jobFails(runId: string, jobId: string): boolean
}

const NOTHING_ARRANGED: Arrangement = { stallMs: () => 0, vanishes: () => false, jobFails: () => false }

/** What people and operators do, at the call of some fiber. */
export type Intervention = 'cancel' | 'timeOut' | 'suspend' | 'deploy' | 'giveUp' | 'sweep' | 'rotate'

export interface WorldOptions {
  readonly seed: number
  readonly profile: Profile
  readonly handler: (delivery: Delivery, fiber: Fiber) => Promise<void>
  readonly onDeadLetter: (delivery: Delivery, reason: PlatformError) => void
  readonly onIntervention: (kind: Intervention, fiber: Fiber, amount: number) => void
  readonly aim?: Aim | undefined
  /** Of the faults that the seed asks for only these happen. */
  readonly onlyFaults?: ReadonlySet<number> | undefined
}

/** Who holds a delivery for longer than this is taken for dead, and the delivery comes again. */
const ACK_DEADLINE_MS = 60_000
const SHORT_DEADLINE_MS = 300
const MAX_LATE_MS = 2 * 3_600_000
const BLACKOUT_MS = 60_000
const MAX_SKEW_MS = 600_000
/** As the embedded platform has them: the step decides, the channel only ends what never would. */
const MAX_FAILURES = { topic: 10, queue: 25 }
const MAX_ATTEMPTS = 60
const MAX_EVENTS = 500_000
/** Turns of the event loop in which a handler may do what is no port call. */
const MAX_TURNS = 10_000
/** Beyond this Eventarc delivers nothing: messages are pointers, never data. */
const MAX_EVENT_BYTES = 512 * 1024

const [DELIVERY, COPY, LATE, SKEW, TRIES, LATENCY] = [1, 2, 3, 4, 5, 6]

export class World {
  readonly faults: Faults
  readonly counts = new Map<string, number>()
  readonly startMs = Date.UTC(2026, 0, 15, 6)
  nowMs = this.startMs
  calls = 0
  /** Fibers that are between two port calls. */
  working = 0
  /** A fiber was woken by the event. */
  stirred = false
  arrangement = NOTHING_ARRANGED
  /** The host can say which messages and tasks it holds. */
  readonly isEmbedded: boolean
  readonly #options: WorldOptions
  /** Neither acknowledged nor given up. */
  readonly #open = new Set<Delivery>()
  readonly #agenda = new Agenda()
  readonly #sent = new Map<number, number>()
  readonly #trace: [number, string, string][] = []
  #fibers = 0
  #events = 0
  #darkUntilMs = 0

  constructor(options: WorldOptions) {
    this.#options = options
    this.isEmbedded = options.seed % 2 === 0
    this.faults = new Faults(options.seed, options.profile, options.onlyFaults)
  }

  note(who: string, what: string): void {
    this.#trace.push([this.nowMs, who, what])
  }

  /** What happened, with what it was done to: the shortest such list is what a person reads of a failure. */
  get trace(): string[] {
    return this.#trace.map(([atMs, who, what]) => `${((atMs - this.startMs) / 1000).toFixed(3)}s ${who}: ${what}`)
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  /** Something that happens by itself later: a job ends, a person cancels. */
  at(delayMs: number, run: () => void): void {
    this.#agenda.add(this.nowMs + Math.floor(delayMs), run)
  }

  /** Most calls take some milliseconds, a few some seconds. */
  latencyMs(key: number): number {
    const drawn = this.faults.amount(key, LATENCY)
    return drawn > 0.98 ? drawn * 3_000 : 1 + drawn * 20
  }

  get isDark(): boolean {
    return this.nowMs < this.#darkUntilMs && !this.faults.stopped
  }

  darken(): void {
    this.#darkUntilMs = this.nowMs + BLACKOUT_MS
  }

  intervene(kind: Intervention, fiber: Fiber, amount: number): void {
    this.#options.onIntervention(kind, fiber, amount)
  }

  /** The fault that is aimed at this call. */
  aimed(): Aim['kind'] | undefined {
    const call = this.calls++
    const { aim } = this.#options
    if (aim?.call !== call) return undefined
    this.count(aim.kind)
    return aim.kind
  }

  /** A message or task, as a copy. */
  deliver(channel: Channel, payload: unknown, delayMs: number): void {
    const text = JSON.stringify(payload)
    if (text.length > MAX_EVENT_BYTES) throw new PlatformError('LIMIT_EXCEEDED', false, 'the message is too large')
    const sent = JSON.parse(text) as unknown
    const content = keyOf(`${nameOf(channel)} ${text}`)
    const times = this.#sent.get(content) ?? 0
    this.#sent.set(content, times + 1)
    const key = within(within(content, DELIVERY), times)
    const name = describe(channel, sent)
    this.#send({ channel, payload: sent, name, key }, delayMs)
    if (!this.faults.happens('duplicate', key, () => name)) return
    this.count('duplicate')
    const copies = 1 + Math.floor(this.faults.amount(key, COPY) * 4)
    for (let copy = 1; copy <= copies; copy++)
      this.#send({ channel, payload: sent, name, key: within(key, copy) }, delayMs)
  }

  #send(message: Pick<Delivery, 'channel' | 'payload' | 'name' | 'key'>, delayMs: number): void {
    const isLate = this.faults.happens('late', message.key, () => message.name)
    if (isLate) this.count('late')
    const delivery: Delivery = { ...message, attempt: 1, failures: 0, isSettled: false, lease: undefined }
    const isTask = 'queue' in delivery.channel
    const vanishes = (): boolean =>
      this.arrangement.vanishes(message.payload) || this.faults.happens('vanish', message.key, () => message.name)
    if (isTask && vanishes()) {
      this.count('vanish')
      this.note(message.name, 'vanishes')
      return
    }
    this.#open.add(delivery)
    const afterMs = this.faults.amount(message.key, LATE) * (isLate ? MAX_LATE_MS : 200)
    this.at(delayMs + afterMs, () => this.#begin(delivery))
  }

  #begin(delivery: Delivery): void {
    if (delivery.isSettled) return
    const fiber = this.#fiberOf(delivery)
    delivery.lease = fiber
    const isShort = this.faults.happens('shortDeadline', fiber.key, () => fiber.name)
    if (isShort) this.count('short-deadline')
    this.at(isShort ? SHORT_DEADLINE_MS : ACK_DEADLINE_MS, () => this.#comeAgain(delivery, fiber))
    this.stirred = true
    void this.#handle(delivery, fiber)
  }

  #fiberOf(delivery: Delivery): Fiber {
    const key = within(delivery.key, delivery.attempt)
    const name = `#${++this.#fibers} ${delivery.name}${delivery.attempt > 1 ? ` (${delivery.attempt})` : ''}`
    const isPatient = this.#options.profile.error > 0 && this.faults.amount(key, TRIES) < 0.5
    const fiber = new Fiber(this, { name, key, delivery, tries: isPatient ? 4 : 1 })
    if (!this.faults.happens('clockSkew', key, () => name)) return fiber
    this.count('clock-skew')
    fiber.skewMs = (this.faults.amount(key, SKEW) * 2 - 1) * MAX_SKEW_MS
    return fiber
  }

  /** Does what no delivery asks for: what a person types. */
  async act(name: string, work: (fiber: Fiber) => Promise<void>): Promise<void> {
    const fiber = new Fiber(this, { name, key: keyOf(`${name} ${this.nowMs}`), tries: 10 })
    this.stirred = true
    try {
      await work(fiber)
    } catch (error) {
      this.note(name, `fails: ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      fiber.end()
    }
  }

  #comeAgain(delivery: Delivery, fiber: Fiber): void {
    if (delivery.isSettled || delivery.lease !== fiber) return
    this.count('ack deadline passed')
    if (delivery.attempt >= MAX_ATTEMPTS)
      return this.giveUp(delivery, toPlatformError(new Error('its handlers die, or never end')))
    delivery.attempt++
    this.#begin(delivery)
  }

  async #handle(delivery: Delivery, fiber: Fiber): Promise<void> {
    try {
      await this.#options.handler(delivery, fiber)
      if (delivery.lease === fiber) this.#acknowledge(delivery, fiber)
      else if (delivery.isSettled) this.count('old attempt ends after its replacement')
    } catch (error) {
      this.note(fiber.name, `fails: ${error instanceof Error ? error.message : String(error)}`)
      if (delivery.lease === fiber && !delivery.isSettled) this.#retry(delivery, toPlatformError(error))
    } finally {
      fiber.end()
    }
  }

  #acknowledge(delivery: Delivery, fiber: Fiber): void {
    if (!this.faults.happens('droppedAck', fiber.key, () => fiber.name)) return this.#settle(delivery)
    this.count('dropped-ack')
  }

  #settle(delivery: Delivery): void {
    delivery.isSettled = true
    this.#open.delete(delivery)
  }

  /** Steps of a run for which there is a message or a task, other than a look at the run. */
  underWay(runId: string): string[] {
    return [...this.#open]
      .map(({ payload }) => payload as { type: string; runId?: string; stepId?: string })
      .flatMap(({ type, stepId, ...one }) => (one.runId === runId && type !== 'run' ? (stepId ?? []) : []))
  }

  #retry(delivery: Delivery, error: PlatformError): void {
    delivery.lease = undefined
    delivery.failures++
    const most = 'topic' in delivery.channel ? MAX_FAILURES.topic : MAX_FAILURES.queue
    if (!error.retryable || delivery.failures >= most) return this.giveUp(delivery, error)
    delivery.attempt++
    this.at(error.retryAfterMs ?? Math.min(30_000, 200 * 2 ** delivery.failures), () => this.#begin(delivery))
  }

  giveUp(delivery: Delivery, reason: PlatformError): void {
    if (delivery.isSettled) return
    this.#settle(delivery)
    this.count('dead letter')
    this.note(delivery.name, `is a dead letter: ${reason.message}`)
    this.#options.onDeadLetter(delivery, reason)
  }

  /** To that time, and all that happens before it. */
  async run(untilMs: number): Promise<void> {
    // Errors are part of the play here, and nobody reads where they were thrown.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    try {
      await this.#run(untilMs)
      this.nowMs = untilMs
    } finally {
      Error.stackTraceLimit = stackTraceLimit
    }
  }

  async #run(untilMs: number): Promise<void> {
    for (;;) {
      const next = this.#agenda.next
      if (!next || next.dueMs > untilMs) return
      if (++this.#events > MAX_EVENTS) throw new Error(`nothing ended within ${MAX_EVENTS} events`)
      this.#agenda.take()
      if (next.dueMs > this.nowMs) this.nowMs = next.dueMs
      next.run()
      if (this.stirred) await this.#settled()
    }
  }

  /** Until every fiber waits at a port call. */
  async #settled(): Promise<void> {
    this.stirred = false
    // Comes when no promise has anything left to do.
    await new Promise<void>((resolve) => process.nextTick(resolve))
    for (let turn = 0; this.working > 0; turn++) {
      if (turn > MAX_TURNS) throw new Error('a handler waits for something that is no port call')
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }
}

const nameOf = (channel: Channel): string => ('topic' in channel ? channel.topic : channel.queue)

const describe = (channel: Channel, payload: unknown): string => {
  const { type, runId, name, stepId, chunk, link, tick } = payload as Partial<Record<string, string | number>>
  return [nameOf(channel), type, runId ?? name, stepId, chunk, link, tick]
    .filter((part) => part !== undefined)
    .join(' ')
}
