import type { DqStep, IngestStep, TransformStep } from '@convergence/core/config/pipeline.ts'
import type { Published } from '@convergence/core/run/advance.ts'
import { publishedChecks } from '../dq/settle-checks.ts'
import { publishedTransform } from '../transform/settle-transform.ts'
import type { StepContext } from '../stage.ts'
import { sealStem, type DoneJob } from './fence.ts'
import { quarantineStems } from './load-quarantine.ts'
import { readManifest } from './manifest.ts'
import { publishedIngest } from './publish-ingest.ts'

export type StopResult =
  | { readonly outcome: 'sealed'; readonly published: Published | undefined }
  | { readonly outcome: 'running'; readonly waitMs: number }

/**
 * Stops a step that publishes, after the intent to stop was written: no job of it can become visible any more, or one already is, and
 * then its receipt and cursor are written before the step ends.
 */
export const stopStep = async (context: StepContext): Promise<StopResult> => {
  const stem = context.state.stem ?? ''
  const running = { outcome: 'running', waitMs: context.ports.warehouse.capabilities.pollMs } as const
  // Rejected rows have jobs of their own. First: only the last of all is sealed again when another was running.
  if (context.step.type === 'ingest')
    for (const own of quarantineStems(context, await readManifest(context)))
      if ((await sealStem(context, own)).outcome === 'running') return running
  const seal = await sealStem(context, stem)
  if (seal.outcome === 'running') return running
  return { outcome: 'sealed', published: seal.outcome === 'published' ? await settle(context, seal) : undefined }
}

const settle = (context: StepContext, done: { jobId: string; status: DoneJob }): Promise<Published> => {
  switch (context.step.type) {
    case 'ingest':
      return publishedIngest(context as StepContext<IngestStep>, done)
    case 'transform':
      return publishedTransform(context as StepContext<TransformStep>, done)
    case 'dq':
      return publishedChecks(context as StepContext<DqStep>, done)
  }
}
