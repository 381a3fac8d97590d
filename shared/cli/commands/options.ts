import { InvalidArgumentError } from '@commander-js/extra-typings'
import { isId, isTenantId } from '@convergence/core/ids.ts'

/** Options and arguments that several commands share. */
export const PROJECT_OPTION = '--project <dir>'
export const PROJECT_HELP = 'folder of the project (default: the nearest one upward with configs/)'

export const tenantArgument = (text: string): string => {
  if (isTenantId(text)) return text
  throw new InvalidArgumentError(
    'A tenant is 3 to 30 lower-case letters and digits, the first a letter (no _ and no -).',
  )
}

export interface PipelineTarget {
  readonly tenant: string
  readonly pipelineId: string
}

/** `tenant/pipeline` */
export const pipelineArgument = (text: string): PipelineTarget => {
  const [tenant = '', pipelineId = '', ...more] = text.split('/')
  if (more.length > 0 || !isTenantId(tenant) || !isId(pipelineId))
    throw new InvalidArgumentError('Write it as TENANT/PIPELINE, for example acme/openai_cost.')
  return { tenant, pipelineId }
}

/** `--param name=value`, again and again. */
export const parameterOption = (
  text: string,
  before: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => {
  const at = text.indexOf('=')
  const name = text.slice(0, at)
  if (at < 1 || !isId(name)) throw new InvalidArgumentError('Write it as name=value.')
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} is given twice.`)
  return { ...before, [name]: text.slice(at + 1) }
}

export const countOption =
  (least: number, most: number) =>
  (text: string): number => {
    const count = Number(text)
    if (/^\d+$/.test(text) && count >= least && count <= most) return count
    throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`)
  }
