import type { DqStep } from '@convergence/core/config/pipeline.ts'
import type { Rules } from '@convergence/core/config/rules.ts'
import { InternalError, InvalidConfigError } from '@convergence/core/errors.ts'
import type { TableRef } from '@convergence/core/table.ts'
import type { StepContext } from '../stage.ts'

export const rulesOf = ({ snapshot, step }: StepContext<DqStep>): Rules => {
  const rules = snapshot.rules[step.rules]
  if (!rules) throw new InternalError(`the snapshot has no rules ${step.rules}`)
  return rules
}

/** The table that a step checks: its own word, else its rules'. */
export const checkedTable = (context: StepContext<DqStep>): TableRef => {
  const { run, step } = context
  const name = step.table ?? rulesOf(context).table
  if (name === undefined)
    throw new InvalidConfigError(`step ${step.step_id} names no table, and rules ${step.rules} name none either`)
  const [dataset = '', table = ''] = name.split('.')
  return { tenant: run.tenant, dataset, table }
}
