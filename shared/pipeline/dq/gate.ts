import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import { InternalError } from '@convergence/core/errors.ts'
import type { Problem } from '@convergence/core/messages.ts'
import type { ManifestHead, PlanHead } from '@convergence/core/plan.ts'
import { tableName, type TableRef } from '@convergence/core/table.ts'
import { countFiles } from '../load/manifest.ts'
import { sourceOf } from '../load/stage-parts.ts'
import { targetOf, type StepContext } from '../stage.ts'
import { driveChecks } from './drive-checks.ts'
import { recordResults } from './record-results.ts'
import { verdict } from './run-checks.ts'

export type GateResult =
  | { readonly outcome: 'open'; readonly warnings: readonly Problem[] }
  | { readonly outcome: 'running'; readonly waitMs: number }
  | { readonly outcome: 'refused'; readonly problem: Problem }

/**
 * The rules that an ingest step's staged rows must pass before they become visible. Open without `gate`, and where nothing would change:
 * no rows are looked at only by a step that replaces others by them.
 */
export const passGate = async (
  context: StepContext<IngestStep>,
  plan: PlanHead,
  manifest: ManifestHead,
  tables: readonly TableRef[] | undefined,
): Promise<GateResult> => {
  const rulesId = context.step.gate
  const isIdle = countFiles(manifest, 'parts') === 0 && plan.strategy.type !== 'overwrite'
  if (rulesId === undefined || isIdle) return { outcome: 'open', warnings: [] }
  const rules = context.snapshot.rules[rulesId]
  if (!rules) throw new InternalError(`the snapshot has no rules ${rulesId}`)
  const checks = await driveChecks(context, 'gate', {
    expectations: rules.expectations,
    schema: plan.schema,
    dialect: context.ports.warehouse.capabilities.dialect,
    input: { ...(await sourceOf(context, plan, manifest, tables)), schema: plan.schema },
  })
  if (checks.outcome === 'running') return checks
  await recordResults(context, { rulesId, table: tableName(targetOf(context)), results: checks.results })
  const { stop, reason, warnings } = verdict(checks.plan, checks.results)
  if (!stop || !reason) return { outcome: 'open', warnings }
  return {
    outcome: 'refused',
    problem: { code: reason.code, message: `gate ${rulesId}: ${reason.message}; nothing was loaded` },
  }
}

/** What a gate that let the rows through had to say: its results were kept. */
export const gateWarnings = async (
  context: StepContext<IngestStep>,
  plan: PlanHead,
  manifest: ManifestHead,
): Promise<readonly Problem[]> => {
  const gate = await passGate(context, plan, manifest, [])
  return gate.outcome === 'open' ? gate.warnings : []
}
