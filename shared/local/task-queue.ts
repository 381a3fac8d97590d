import type { Queue, Task } from '@convergence/core/messages.ts'
import type { Clock } from '@convergence/core/ports/clock.ts'
import type { TaskQueue } from '@convergence/core/ports/task-queue.ts'
import { queueChannel } from './delivery/channel.ts'
import type { LocalDatabase } from './database/database.ts'

/** Tasks as rows of the state file; a LocalHost delivers them. A name is refused while its task is there, and for an hour after. */
export class SqliteTaskQueue implements TaskQueue {
  readonly #database: LocalDatabase
  readonly #clock: Clock

  constructor(database: LocalDatabase, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  enqueue(
    queue: Queue,
    task: Task,
    { name, delayMs = 0 }: { name: string; delayMs?: number },
  ): Promise<'enqueued' | 'exists'> {
    const nowMs = this.#clock.nowMs()
    const stored = this.#database.call('enqueue', {
      channel: queueChannel(queue),
      name,
      payload: JSON.stringify(task),
      dueMs: nowMs + delayMs,
      nowMs,
    })
    // Before the answer: the host's claim then shares the commit.
    this.#database.enqueued.raise()
    return stored
  }
}
