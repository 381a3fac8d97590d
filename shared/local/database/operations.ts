import * as deliveries from './operations/deliveries.ts'
import * as objects from './operations/objects.ts'
import * as state from './operations/state.ts'
import * as uploads from './operations/uploads.ts'
import type { Statements } from './statements.ts'

/**
 * All that is done with the state file. An operation runs in the worker, inside a transaction that it shares with others, and may be
 * run again after a rollback: it depends on its input and the database alone.
 */
const operations = {
  getState: state.getState,
  setState: state.setState,
  deleteState: state.deleteState,
  listState: state.listState,
  getObject: objects.getObject,
  getObjectContent: objects.getObjectContent,
  putObject: objects.putObject,
  deleteObject: objects.deleteObject,
  listObjects: objects.listObjects,
  unreferencedBlobs: objects.unreferencedBlobs,
  publish: deliveries.publish,
  enqueue: deliveries.enqueue,
  claim: deliveries.claim,
  acknowledge: deliveries.acknowledge,
  retry: deliveries.retry,
  bury: deliveries.bury,
  releaseClaims: deliveries.releaseClaims,
  listDeadLetters: deliveries.listDeadLetters,
  deliveriesOfRun: deliveries.deliveriesOfRun,
  deadLettersOfRun: deliveries.deadLettersOfRun,
  newUploads: uploads.newUploads,
  announceUpload: uploads.announceUpload,
} as const

export type OperationName = keyof typeof operations
export type OperationInput<N extends OperationName> = Parameters<(typeof operations)[N]>[1]
export type OperationOutput<N extends OperationName> = ReturnType<(typeof operations)[N]>

export interface OperationCall {
  readonly operation: OperationName
  readonly input: unknown
}

export const runOperation = (statements: Statements, call: OperationCall): unknown =>
  (operations[call.operation] as (statements: Statements, input: unknown) => unknown)(statements, call.input)
