import type { IngestStep, TransformStep } from '@convergence/core/config/pipeline.ts'
import { InvalidInputError } from '@convergence/core/errors.ts'
import type { PublishStrategy } from '@convergence/core/ports/warehouse.ts'
import { renderTemplate } from '@convergence/core/templates.ts'
import { scopeOf } from '../connectors/registry.ts'
import type { StepContext } from '../stage.ts'

/** How the step's rows get into its table, with the partitions of this run. Throws InvalidInputError when a template gives no day. */
export const strategyOf = (context: StepContext<IngestStep | TransformStep>): PublishStrategy => {
  const { load } = context.step
  if (load.strategy === 'append') return { type: 'append' }
  if (load.strategy === 'merge')
    return {
      type: 'merge',
      keys: load.keys,
      orderBy: load.order_by,
      ...(load.keys.includes(load.partition_by) && { pruneBy: load.partition_by }),
    }
  if (load.partitions === 'all') return { type: 'overwrite', partitions: 'all' }
  const partitions = load.partitions.map((text) => dayOf(renderTemplate(text, scopeOf(context)), text))
  const most = context.ports.warehouse.capabilities.maxPartitionsPerJob
  if (partitions.length > most)
    throw new InvalidInputError(
      `the load replaces ${partitions.length} partitions, one job can replace ${most}: split the step by days`,
    )
  return { type: 'overwrite', partitions: [...new Set(partitions)] }
}

const dayOf = (day: string, template: string): string => {
  if (/^\d{4}-\d{2}-\d{2}$/.test(day) && !Number.isNaN(Date.parse(day))) return day
  throw new InvalidInputError(
    `partitions: ${template} gives "${day}", which is no day: write YYYY-MM-DD, or use the filter date`,
  )
}
