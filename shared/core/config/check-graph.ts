import type { Step } from './pipeline.ts'
import { didYouMean } from './suggest.ts'

interface GraphProblem {
  readonly step: number
  readonly key: 'step_id' | 'needs'
  /** Position within `needs`. */
  readonly need?: number
  readonly message: string
}

/** Double ids, needs that are no steps, and circles. */
export const graphProblems = (steps: readonly Pick<Step, 'step_id' | 'needs'>[]): readonly GraphProblem[] => {
  const ids = steps.map((step) => step.step_id)
  const problems = steps.flatMap((step, index): GraphProblem[] => [
    ...(ids.indexOf(step.step_id) < index
      ? [{ step: index, key: 'step_id' as const, message: `${step.step_id} is there twice` }]
      : []),
    ...step.needs.flatMap((need, at): GraphProblem[] =>
      ids.includes(need)
        ? []
        : [{ step: index, key: 'needs', need: at, message: `there is no step ${need}${didYouMean(need, ids)}` }],
    ),
  ])
  if (problems.length > 0) return problems
  const circle = findCircle(steps)
  return circle
    ? [
        {
          step: ids.indexOf(circle[0] ?? ''),
          key: 'needs',
          message: `the steps wait for each other: ${circle.join(' -> ')}`,
        },
      ]
    : []
}

/** Ids of a circle, beginning and ending with the same step. */
const findCircle = (steps: readonly Pick<Step, 'step_id' | 'needs'>[]): readonly string[] | undefined => {
  const needs = new Map(steps.map((step) => [step.step_id, step.needs]))
  const done = new Set<string>()
  const visit = (id: string, way: readonly string[]): readonly string[] | undefined => {
    if (way.includes(id)) return [...way.slice(way.indexOf(id)), id]
    if (done.has(id)) return undefined
    const found = (needs.get(id) ?? []).map((need) => visit(need, [...way, id])).find((circle) => circle !== undefined)
    done.add(id)
    return found
  }
  return steps.map((step) => visit(step.step_id, [])).find((circle) => circle !== undefined)
}
