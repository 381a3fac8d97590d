import { PlatformError, toPlatformError } from '@convergence/core/errors.ts'
import type { Queue, Topic } from '@convergence/core/messages.ts'
import type { Clock } from '@convergence/core/ports/clock.ts'
import type { Log } from '@convergence/core/ports/log.ts'
import type { Random } from '@convergence/core/ports/random.ts'
import type { LocalDatabase } from './database/database.ts'
import type { ClaimedDelivery, ClaimResult } from './database/operations/deliveries.ts'
import type { DeliveryHandler } from './delivery/channel.ts'
import { Channel, queueChannel, topicChannel } from './delivery/channel.ts'
import type { DeliveryPolicy } from './delivery/policy.ts'
import { backoffMs, DEFAULT_TOPIC_POLICY } from './delivery/policy.ts'
import type { Timer } from './delivery/timer.ts'
import { systemTimer } from './delivery/timer.ts'

export interface DeadLetter {
  /** `topics/{topic}` or `queues/{queue}`. */
  readonly channel: string
  readonly payload: unknown
  readonly attempts: number
  readonly reason: PlatformError
}

export interface LocalHostOptions {
  readonly database: LocalDatabase
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Messages of other topics wait. */
  readonly handlers: Partial<Record<Topic, DeliveryHandler>>
  readonly taskHandlers: Partial<Record<Queue, DeliveryHandler>>
  readonly queues: Partial<Record<Queue, DeliveryPolicy>>
  readonly topics?: Partial<Record<Topic, DeliveryPolicy>>
  /** Called before the letter is put away, at least once; what it throws is logged. */
  readonly onDeadLetter?: (letter: DeadLetter) => void | Promise<void>
  /** Called at every look at the state file: why it cannot be read or written, or undefined when all is well. */
  readonly onTrouble?: (trouble: string | undefined) => void
  readonly timer?: Timer
}

/** Deliveries that die with their process again and again: they, most likely, are what kills it. */
const MAX_INTERRUPTIONS = 20
/** Before the state file is tried again when it cannot be written. */
const STORE_RETRY_MS = 1_000

/**
 * Delivers the messages and tasks of the state file to handlers in this process, at least once each: acknowledged when the handler
 * resolved, tried again with backoff when it threw, put with the dead letters when that is of no use. One host a state file.
 */
export class LocalHost {
  readonly #options: LocalHostOptions
  readonly #timer: Timer
  readonly #channels: ReadonlyMap<string, Channel>
  readonly #unsettled = new Set<Promise<void>>()
  #idlers: { withinMs: number; resolve: () => void }[] = []
  #state: 'new' | 'started' | 'stopped' = 'new'
  #wanted = false
  #rounds: Promise<void> | undefined
  #cancelTimer = () => {}
  #stopListening = () => {}

  constructor(options: LocalHostOptions) {
    this.#options = options
    this.#timer = options.timer ?? systemTimer
    this.#channels = new Map(channelsOf(options).map((channel) => [channel.name, channel]))
  }

  /** Delivers what is due, what was under way when the last process ended first. */
  async start(): Promise<void> {
    await this.#options.database.call('releaseClaims', [...this.#channels.keys()])
    this.#state = 'started'
    this.#stopListening = this.#options.database.enqueued.listen(() => this.#wake())
    this.#wake()
  }

  /** Begins nothing more; resolves when the handlers under way have ended. */
  async stop(): Promise<void> {
    this.#state = 'stopped'
    this.#stopListening()
    this.#cancelTimer()
    await this.#rounds
    await Promise.all(this.#unsettled)
    this.#resolveIdlers(() => true)
  }

  /** Resolves when nothing is ready, running, or due within `withinMs` (default: ever); at once when stopped. */
  idle({ withinMs = Number.POSITIVE_INFINITY }: { withinMs?: number } = {}): Promise<void> {
    if (this.#state === 'stopped') return Promise.resolve()
    return new Promise((resolve) => {
      this.#idlers.push({ withinMs, resolve })
      this.#wake()
    })
  }

  #wake(): void {
    this.#wanted = true
    if (this.#state !== 'started' || this.#rounds) return
    this.#rounds = this.#claimWhileWanted().finally(() => {
      this.#rounds = undefined
      if (this.#wanted) this.#wake()
    })
  }

  async #claimWhileWanted(): Promise<void> {
    while (this.#wanted && this.#state === 'started') {
      this.#wanted = false
      this.#cancelTimer()
      await this.#claimOnce()
    }
  }

  async #claimOnce(): Promise<void> {
    const { clock, database, log } = this.#options
    const nowMs = clock.nowMs()
    const channels = [...this.#channels.values()].map((channel) => ({
      channel: channel.name,
      limit: channel.room(nowMs),
    }))
    try {
      const result = await database.call('claim', { channels, nowMs })
      this.#options.onTrouble?.(undefined)
      // Stopped meanwhile: what was claimed is released by the next start.
      if (this.#state !== 'started') return
      for (const delivery of result.claimed) this.#begin(delivery)
      this.#setTimer(result)
      this.#noticeIdle(result)
    } catch (error) {
      const { message } = toPlatformError(error)
      log.error('messages and tasks cannot be read', { error: message })
      this.#options.onTrouble?.(message)
      this.#wakeIn(STORE_RETRY_MS)
    }
  }

  #setTimer({ waiting }: ClaimResult): void {
    const nowMs = this.#options.clock.nowMs()
    const begins = waiting
      .map(({ channel, dueMs }) => this.#channels.get(channel)!.mayBeginMs(dueMs, nowMs))
      .filter((atMs) => atMs !== undefined)
    if (begins.length > 0) this.#wakeIn(Math.max(0, Math.min(...begins) - nowMs))
  }

  #wakeIn(delayMs: number): void {
    this.#cancelTimer()
    this.#cancelTimer = this.#timer(delayMs, () => this.#wake())
  }

  #noticeIdle({ waiting }: ClaimResult): void {
    if (this.#wanted || this.#unsettled.size > 0) return
    const nowMs = this.#options.clock.nowMs()
    const nextMs = Math.min(...waiting.map(({ dueMs }) => dueMs))
    this.#resolveIdlers(({ withinMs }) => waiting.length === 0 || nextMs > nowMs + withinMs)
  }

  #resolveIdlers(isIdle: (idler: { withinMs: number }) => boolean): void {
    const idlers = this.#idlers
    this.#idlers = idlers.filter((idler) => !isIdle(idler))
    for (const idler of idlers) if (!this.#idlers.includes(idler)) idler.resolve()
  }

  #begin(delivery: ClaimedDelivery): void {
    const channel = this.#channels.get(delivery.channel)!
    channel.begin()
    const settled = this.#deliver(channel, delivery).finally(() => {
      this.#unsettled.delete(settled)
      this.#wake()
    })
    this.#unsettled.add(settled)
  }

  async #deliver(channel: Channel, delivery: ClaimedDelivery): Promise<void> {
    const payload = JSON.parse(delivery.payload) as { readonly trace?: string }
    const error = await handle(channel, delivery, payload)
    channel.end()
    const settling = error
      ? this.#settleFailure(channel, delivery, payload, error)
      : this.#settle(() =>
          this.#options.database.call('acknowledge', { id: delivery.id, nowMs: this.#options.clock.nowMs() }),
        )
    // The next claim shares the commit.
    this.#wake()
    await settling
  }

  async #settleFailure(
    channel: Channel,
    delivery: ClaimedDelivery,
    payload: unknown,
    error: PlatformError,
  ): Promise<void> {
    const { clock, database, log, random } = this.#options
    const failures = delivery.failures + 1
    const about = { channel: channel.name, attempt: delivery.attempts, code: error.code, error: error.message }
    if (error.retryable && failures < channel.policy.maxAttempts) {
      const delayMs = Math.max(backoffMs(channel.policy, failures, random), error.retryAfterMs ?? 0)
      log.warn('a delivery failed and is tried again', { ...about, delay_ms: delayMs })
      const dueMs = clock.nowMs() + delayMs
      return this.#settle(() => database.call('retry', { id: delivery.id, dueMs, error: error.message }))
    }
    log.error('a delivery failed for good', about)
    await this.#tellOfDeadLetter({ channel: channel.name, payload, attempts: delivery.attempts, reason: error })
    const letter = { id: delivery.id, code: error.code, reason: error.message, nowMs: clock.nowMs() }
    return this.#settle(() => database.call('bury', letter))
  }

  async #tellOfDeadLetter(letter: DeadLetter): Promise<void> {
    try {
      await this.#options.onDeadLetter?.(letter)
    } catch (error) {
      this.#options.log.error('a dead letter was not answered', {
        channel: letter.channel,
        error: toPlatformError(error).message,
      })
    }
  }

  /** Until the state file takes it: an unsettled delivery would stay claimed until the next start. */
  async #settle(write: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await write()
      } catch (error) {
        this.#options.log.error('the end of a delivery cannot be written', { error: toPlatformError(error).message })
        if (this.#state === 'stopped') return
        await new Promise<void>((resolve) => this.#timer(STORE_RETRY_MS, resolve))
      }
    }
  }
}

const handle = async (
  channel: Channel,
  delivery: ClaimedDelivery,
  payload: { readonly trace?: string },
): Promise<PlatformError | undefined> => {
  const interruptions = delivery.attempts - 1 - delivery.failures
  if (interruptions > MAX_INTERRUPTIONS) return interruptedTooOften(interruptions)
  try {
    await channel.handler(payload, { attempt: delivery.attempts, trace: payload.trace ?? '' })
    return undefined
  } catch (error) {
    return toPlatformError(error)
  }
}

const interruptedTooOften = (interruptions: number): PlatformError =>
  new PlatformError(
    'INTERNAL',
    false,
    `the process ended in ${interruptions} attempts at this; is there enough memory?`,
  )

const channelsOf = ({ clock, handlers, queues, taskHandlers, topics }: LocalHostOptions): Channel[] => {
  const nowMs = clock.nowMs()
  const forTopics = (Object.entries(handlers) as [Topic, DeliveryHandler][]).map(
    ([topic, handler]) => new Channel(topicChannel(topic), handler, topics?.[topic] ?? DEFAULT_TOPIC_POLICY, nowMs),
  )
  const forQueues = (Object.entries(taskHandlers) as [Queue, DeliveryHandler][]).map(
    ([queue, handler]) => new Channel(queueChannel(queue), handler, policyOf(queue, queues), nowMs),
  )
  return [...forTopics, ...forQueues]
}

const policyOf = (queue: Queue, queues: LocalHostOptions['queues']): DeliveryPolicy => {
  const policy = queues[queue]
  if (policy === undefined) throw new PlatformError('INTERNAL', false, `queue ${queue} has a handler and no policy`)
  return policy
}
