import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import type { FileResource, RestResource, Source } from '@convergence/core/config/source.ts'
import { toColumnName } from '@convergence/core/column-names.ts'
import { InternalError } from '@convergence/core/errors.ts'
import type { PlanHead } from '@convergence/core/plan.ts'
import type { TemplateScope } from '@convergence/core/templates.ts'
import type { StepContext } from '../stage.ts'
import { tellWait } from '../tell-wait.ts'
import type { Connector, ConnectorContext } from './connector.ts'
import { objectStorageConnector } from './object-storage/connector.ts'
import { restApiConnector } from './rest-api/connector.ts'

/** Which connector reads which type of source. */
const CONNECTORS: { readonly [T in Source['type']]: Connector<Extract<Source, { type: T }>> } = {
  rest_api: restApiConnector,
  object_storage: objectStorageConnector,
}

export const sourceOf = (context: StepContext<IngestStep>): { source: Source; resource: string } => {
  const [sourceId = '', resource = ''] = context.step.source.split('.')
  const source = context.snapshot.sources[sourceId]
  if (!source) throw new InternalError(`the snapshot has no source ${sourceId}`)
  return { source, resource }
}

export const resourceOf = (context: StepContext<IngestStep>): RestResource | FileResource => {
  const { source, resource } = sourceOf(context)
  const found = source.type === 'rest_api' ? source.resources[resource] : source.files[resource]
  if (!found) throw new InternalError(`source ${source.source_id} has no ${resource}`)
  return found
}

export const connectorOf = (context: StepContext<IngestStep>): Connector =>
  CONNECTORS[sourceOf(context).source.type] as unknown as Connector

/** What the connector of the step is asked with: before there is a plan, and by a chunk of it. */
export const connectorContext = (
  context: StepContext<IngestStep>,
  known: {
    readonly plan?: PlanHead
    readonly window?: TemplateScope['window']
    readonly cursor?: PlanHead['cursor'] | undefined
  },
): ConnectorContext => {
  const shape = resourceOf(context)
  const { objects, http, secrets, clock, log } = context.ports
  const { plan } = known
  const window = plan ? windowOf(plan) : known.window
  const cursor = cursorOf(window, plan?.cursor ?? known.cursor)
  return {
    ...sourceOf(context),
    tenant: context.run.tenant,
    operator: context.snapshot.operator,
    scope: { ...scopeOf(context), ...(window && { window }), ...(cursor !== undefined && { cursor }) },
    ...(plan && { columns: plan.columns.map((column) => column.source) }),
    nameOf: (key) => (Object.hasOwn(shape.rename, key) ? (shape.rename[key] ?? key) : toColumnName(key, shape.naming)),
    objects,
    http,
    secrets,
    clock,
    log,
    tellWait: (reason, waitMs) => tellWait(context, reason, waitMs),
  }
}

/** `{{ cursor }}`: where a time's window begins, `lookback` and all; of numbers the last one that was loaded. */
const cursorOf = (window: TemplateScope['window'], cursor: PlanHead['cursor']): string | undefined =>
  cursor?.to === undefined ? cursor?.from : window?.start

const windowOf = (plan: PlanHead): TemplateScope['window'] =>
  plan.window && { start: plan.window.start, end: plan.window.end }

/** Names of templates that every step has. */
export const scopeOf = (context: StepContext): TemplateScope => ({
  parameters: context.run.parameters,
  run: { id: context.run.runId, logicalTime: context.run.logicalTime },
  timezone: context.run.timezone,
})
