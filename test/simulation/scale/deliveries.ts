import type { Message, Queue, Task, Topic } from '@convergence/core/messages.ts'
import type { MessageBus } from '@convergence/core/ports/message-bus.ts'
import type { TaskQueue } from '@convergence/core/ports/task-queue.ts'
import { CompactMap } from './compact-map.ts'
import { Rate, type Meter } from './meter.ts'
import { DISPATCHES_PER_SECOND, LATENCY_MS, MAX_DISPATCHES } from './model.ts'
import type { SimulatedTime } from './simulated-time.ts'

export type Channel = { readonly topic: Topic } | { readonly queue: Queue }
export type Handler = (channel: Channel, payload: unknown, attempt: number) => Promise<void>

const TASK_NAME_MS = 3_600_000

/** Topics and queues: each delivery once, in time, by the rates of the queue; again when its handler throws. */
export class ScaleDeliveries {
  readonly bus: MessageBus
  readonly tasks: TaskQueue
  readonly dispatches = new Rate(() => DISPATCHES_PER_SECOND)
  /** Tasks under way at the same time, at most. */
  maxUnderWay = 0
  readonly #time: SimulatedTime
  readonly #meter: Meter
  readonly #handler: Handler
  readonly #names = new CompactMap()
  #underWay = 0

  constructor(time: SimulatedTime, meter: Meter, handler: Handler) {
    this.#time = time
    this.#meter = meter
    this.#handler = handler
    this.bus = { publish: (topic, message) => this.#publish(topic, message) }
    this.tasks = { enqueue: (queue, task, options) => this.#enqueue(queue, task, options) }
  }

  async #publish(topic: Topic, message: Message): Promise<void> {
    const text = JSON.stringify(message)
    this.#meter.count(`message ${message.type}`, text.length)
    await this.#time.sleep(LATENCY_MS.publish)
    this.#deliver({ topic }, text, LATENCY_MS.dispatch)
  }

  async #enqueue(
    queue: Queue,
    task: Task,
    { name, delayMs = 0 }: { name: string; delayMs?: number },
  ): Promise<'enqueued' | 'exists'> {
    const text = JSON.stringify(task)
    this.#meter.count(`task ${task.type}`, text.length)
    await this.#time.sleep(LATENCY_MS.enqueue)
    const used = this.#names.get(`${queue}/${name}`)
    if (used !== undefined && this.#time.nowMs - used < TASK_NAME_MS) return 'exists'
    this.#names.set(`${queue}/${name}`, this.#time.nowMs)
    const turnMs = queue === 'chunks' ? this.dispatches.take(this.#time.nowMs) : 0
    this.#deliver({ queue }, text, delayMs + turnMs + LATENCY_MS.dispatch)
    return 'enqueued'
  }

  #deliver(channel: Channel, text: string, delayMs: number, attempt = 1): void {
    this.#time.at(this.#time.nowMs + delayMs, () => void this.#handle(channel, text, attempt))
  }

  async #handle(channel: Channel, text: string, attempt: number): Promise<void> {
    if (++this.#underWay > MAX_DISPATCHES) throw new Error(`${this.#underWay} tasks at once`)
    this.maxUnderWay = Math.max(this.maxUnderWay, this.#underWay)
    try {
      await this.#handler(channel, JSON.parse(text), attempt)
    } catch (error) {
      this.#meter.failures++
      const retryAfterMs = (error as { retryAfterMs?: number }).retryAfterMs ?? 1_000 * 2 ** attempt
      this.#deliver(channel, text, retryAfterMs, attempt + 1)
    } finally {
      this.#underWay--
    }
  }
}
