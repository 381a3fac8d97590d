import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { Outcome } from './commit-together.ts'
import { commitTogether, errorShape } from './commit-together.ts'
import { openFile } from './open-file.ts'
import type { OperationCall } from './operations.ts'
import { Statements } from './statements.ts'

export interface NumberedCall extends OperationCall {
  readonly id: number
}

export type FromWorker =
  | { readonly type: 'opened' }
  | { readonly type: 'failed'; readonly error: ReturnType<typeof errorShape> }
  | { readonly type: 'outcomes'; readonly outcomes: readonly { readonly id: number; readonly outcome: Outcome }[] }

export type ToWorker =
  | { readonly type: 'calls'; readonly calls: readonly NumberedCall[] }
  /** Answered by the worker's exit. */
  | { readonly type: 'close' }

const port = parentPort!
const send = (message: FromWorker) => port.postMessage(message)

/** What has come while the last commit waited for the disk, in order. */
const waitingMessages = (): ToWorker[] => {
  const messages: ToWorker[] = []
  for (;;) {
    const received = receiveMessageOnPort(port) as { message: ToWorker } | undefined
    if (received === undefined) return messages
    messages.push(received.message)
  }
}

try {
  const database = openFile((workerData as { path: string }).path)
  const statements = new Statements(database)
  port.on('message', (first: ToWorker) => {
    const messages = [first, ...waitingMessages()]
    const calls = messages.flatMap((message) => (message.type === 'calls' ? message.calls : []))
    if (calls.length > 0) {
      const outcomes = commitTogether(database, statements, calls)
      send({ type: 'outcomes', outcomes: calls.map(({ id }, index) => ({ id, outcome: outcomes[index]! })) })
    }
    if (messages.some(({ type }) => type === 'close')) {
      database.close()
      port.close()
    }
  })
  send({ type: 'opened' })
} catch (error) {
  send({ type: 'failed', error: errorShape(error) })
}
