import type { Message, Topic } from '@convergence/core/messages.ts'
import type { Clock } from '@convergence/core/ports/clock.ts'
import type { MessageBus } from '@convergence/core/ports/message-bus.ts'
import { topicChannel } from './delivery/channel.ts'
import type { LocalDatabase } from './database/database.ts'

/** Messages as rows of the state file; a LocalHost delivers them. */
export class SqliteMessageBus implements MessageBus {
  readonly #database: LocalDatabase
  readonly #clock: Clock

  constructor(database: LocalDatabase, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  async publish(topic: Topic, message: Message): Promise<void> {
    const stored = this.#database.call('publish', {
      channel: topicChannel(topic),
      payload: JSON.stringify(message),
      dueMs: this.#clock.nowMs(),
    })
    // Before the answer: the host's claim then shares the commit.
    this.#database.enqueued.raise()
    await stored
  }
}
