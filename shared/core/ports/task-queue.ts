import type { Queue, Task } from '../messages.ts'

/**
 * Tasks: HTTP calls with names, delays, rates and concurrency; at least once, retried with backoff. Cloud Tasks; node:sqlite embedded.
 * A used name is refused for about an hour only: names save work, correctness never rests on them.
 */
export interface TaskQueue {
  /** Durable when it answers. `exists`: a task of that name is there, or was within the hour. Throws UnavailableError. */
  enqueue(queue: Queue, task: Task, options: { name: string; delayMs?: number }): Promise<'enqueued' | 'exists'>
}
