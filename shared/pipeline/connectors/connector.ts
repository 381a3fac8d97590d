import type { FieldType } from '@convergence/core/table.ts'
import type { OperatorTenant } from '@convergence/core/config/tenant.ts'
import type { Source } from '@convergence/core/config/source.ts'
import type { Json } from '@convergence/core/plan.ts'
import type { Http } from '@convergence/core/ports/http.ts'
import type { ObjectStore } from '@convergence/core/ports/object-store.ts'
import type { ProcessInput } from '@convergence/core/ports/processor.ts'
import type { SecretStore } from '@convergence/core/ports/secret-store.ts'
import type { Clock } from '@convergence/core/ports/clock.ts'
import type { Log } from '@convergence/core/ports/log.ts'
import type { TemplateScope } from '@convergence/core/templates.ts'

/**
 * A connector reads one kind of source. It is asked twice: the plan asks it for slots, once a step; a chunk task asks it to read one
 * slot, perhaps again after a crash, perhaps in two processes at once. So reading changes nothing, and a slot says all that is needed
 * to read the same rows again. A slot whose end is not known before it is read (pages) is read in links: each link ends after some
 * pages or bytes and says where the next goes on.
 */
export type { Json } from '@convergence/core/plan.ts'

export interface ConnectorContext<S extends Source = Source> {
  readonly tenant: string
  readonly source: S
  /** Resource, file, table or query of the source. */
  readonly resource: string
  readonly operator: OperatorTenant
  /** Names of templates: parameters, run, and the step's window where it has one. */
  readonly scope: TemplateScope
  /**
   * Input columns that are wanted, by the names that the input's columns have (see `nameOf`); undefined while the schema is still being
   * inferred, then all are.
   */
  readonly columns?: readonly string[] | undefined
  /**
   * Column of the table that a key of a record goes to, by `rename` and the naming rule. Connectors of JSON records (rest_api) name their
   * input's columns so; files keep the names that they have.
   */
  readonly nameOf: (key: string) => string
  readonly objects: ObjectStore
  readonly http: Http
  readonly secrets: SecretStore
  readonly clock: Clock
  readonly log: Log
  /** Tells whoever watches the step why it stands still for so long. */
  readonly tellWait?: ((reason: string, waitMs: number) => Promise<void>) | undefined
}

export interface SlotPlan {
  /** What a person calls it: a file and its byte range, a window, a resource. */
  readonly label: string
  /** All that `read` needs, pinned: object generation, byte range, window. At most some kilobytes. */
  readonly slot: Json
  /** Bytes of input, where known: for progress. */
  readonly bytes?: number | undefined
}

export interface SourcePlan {
  /** Streamed: a plan of a million slots is never whole in memory. */
  readonly slots: AsyncIterable<SlotPlan>
  /** Slots may be read at the same time: at most so many (the source's own limit). */
  readonly concurrency?: number | undefined
}

export interface LinkEnd {
  /** Where the next link goes on; undefined: this was the slot's last. */
  readonly continuation?: Json | undefined
  /** Keys of records that no column wants. */
  readonly unknownColumns: readonly string[]
  /** Requests or reads that were made, for the receipt. */
  readonly requests: number
}

export interface LinkRead {
  readonly input: ProcessInput
  /** Call when `input.body` was read to its end. Throws when the source broke its own word (a shortfall against its total). */
  end(): LinkEnd
}

export interface Connector<S extends Source = Source> {
  /** Slots of one step. Throws NotFoundError (nothing matches), ForbiddenError, InvalidConfigError, UnavailableError. */
  plan(context: ConnectorContext<S>): Promise<SourcePlan>
  /** One link of a slot: the first without continuation. Errors: terminal ones reject the chunk, retryable ones cost an attempt. */
  read(context: ConnectorContext<S>, slot: Json, continuation?: Json): Promise<LinkRead>
  /** Ends of a slot of an incremental step whose window is cut into several: a row belongs to one of them, whatever the source sends. */
  slotWindow?(context: ConnectorContext<S>, slot: Json): { readonly start?: string; readonly end?: string } | undefined
  /** Input for schema inference: the beginning of the first slot. */
  sample(context: ConnectorContext<S>, slot: Json): Promise<LinkRead>
  /** Columns that the connector itself adds (inherit) and their types. */
  columns?(context: ConnectorContext<S>): readonly { readonly name: string; readonly type?: FieldType | undefined }[]
}
