import { formatDuration } from '../durations.ts'
import { declaredParameters, OBJECT_PARAMETER } from '../parameters.ts'
import { formatSize } from '../sizes.ts'
import type { TableSchema } from '../table.ts'
import { graphProblems } from './check-graph.ts'
import { checkIncremental } from './check-incremental.ts'
import { checkLoad } from './check-load.ts'
import { checkParameters } from './check-parameters.ts'
import { checkRuleColumns } from './check-rules.ts'
import { checkResourceTemplates } from './check-source.ts'
import { sqlProblems } from './check-sql.ts'
import { checkTemplates } from './check-templates.ts'
import type { ConfigFiles, ConfigFolder, KindName, Loaded, PipelineFile, Values } from './config-files.ts'
import { bucketProblem } from './operator-permits.ts'
import type { DqStep, IngestStep, Load, Step, TransformStep } from './pipeline.ts'
import type { ConfigPath } from './problem.ts'
import type { ProblemList } from './problem-list.ts'
import type { Source } from './source.ts'
import { didYouMean } from './suggest.ts'
import type { OperatorTenant } from './tenant.ts'
import type { ConfigDocument } from './yaml.ts'

/** All that a pipeline refers to. Reading a folder's file for the first time reports that file's own problems. */
export interface References {
  readonly tenant: string
  readonly files: ConfigFiles
  readonly folders: { readonly [K in KindName]: ConfigFolder<K> }
  /** Absent: its file is missing or wrong, which is reported; what it allows is not known. */
  readonly operator: OperatorTenant | undefined
  readonly problems: ProblemList
  /** SQL files that were read, by `dataset/name`. */
  readonly sql: Map<string, { readonly file: string; readonly text: string }>
}

interface PipelineCheck extends References {
  readonly document: ConfigDocument
  readonly pipeline: PipelineFile
  readonly parameters: readonly string[]
}

export const checkPipeline = (pipeline: PipelineFile, document: ConfigDocument, references: References): void => {
  const check = { ...references, document, pipeline, parameters: Object.keys(declaredParameters(pipeline)) }
  const { problems, operator } = references
  const report = (path: ConfigPath, message: string) => problems.at(document, path, message)
  checkParameters(pipeline, document, problems)
  checkUpload(check)
  const limits = operator?.limits
  if (limits && pipeline.concurrency > limits.max_concurrent_runs)
    report(['concurrency'], `the operator allows at most ${limits.max_concurrent_runs}`)
  if (limits && pipeline.timeout > limits.max_timeout)
    report(['timeout'], `the operator allows at most ${formatDuration(limits.max_timeout)}`)
  for (const { step, key, need, message } of graphProblems(pipeline.steps))
    report(['steps', step, key, ...(need === undefined ? [] : [need])], message)
  for (const [index, step] of pipeline.steps.entries()) checkStep(check, step, ['steps', index])
}

const checkUpload = ({ pipeline, document, operator, problems }: PipelineCheck): void => {
  if (!pipeline.on_upload) return
  const { bucket, glob } = pipeline.on_upload
  const refused = operator && bucketProblem(operator, bucket, glob)
  if (refused) problems.at(document, ['on_upload', 'bucket'], refused)
  if (glob.includes('{{'))
    problems.at(document, ['on_upload', 'glob'], 'must hold no template: it is asked before there is a run')
  const object = pipeline.parameters[OBJECT_PARAMETER]
  if (object && object.type !== 'string')
    problems.at(
      document,
      ['parameters', OBJECT_PARAMETER, 'type'],
      'must be string: it is the name of the uploaded object',
    )
  // An upload brings no other parameters.
  for (const [name, one] of Object.entries(pipeline.parameters))
    if (one.required && name !== OBJECT_PARAMETER)
      problems.at(
        document,
        ['parameters', name],
        'needs a default: an upload starts this pipeline, and gives `object` only',
        'key',
      )
}

const checkStep = (check: PipelineCheck, step: Step, path: ConfigPath): void => {
  if (step.timeout !== undefined && step.timeout > check.pipeline.timeout)
    check.problems.at(
      check.document,
      [...path, 'timeout'],
      `is longer than the pipeline's own, ${formatDuration(check.pipeline.timeout)}`,
    )
  if (step.type === 'ingest') checkIngest(check, step, path)
  else if (step.type === 'dq') checkDq(check, step, path)
  else checkTransform(check, step, path)
}

const schemaOf = (check: PipelineCheck, load: Load, path: ConfigPath): TableSchema | undefined => {
  if (load.schema === undefined) return undefined
  const found = check.folders.schemas.get(load.schema)
  if (!found) check.problems.at(check.document, path, check.folders.schemas.missing('schema', load.schema))
  return found?.checked?.value
}

const checkIngest = (check: PipelineCheck, step: IngestStep, path: ConfigPath): void => {
  const { document, parameters, problems } = check
  const { load } = step
  const schema = schemaOf(check, load, [...path, 'load', 'schema'])
  checkLoad({ document, path: [...path, 'load'], load, schema, parameters, problems })
  const source = sourceOf(check, step, path)
  if (source?.checked) checkResource(check, step, schema, { ...source.checked, path: [...path, 'source'] })
  if (step.gate !== undefined)
    checkGate(check, step.gate, [...path, 'gate'], { name: `${load.dataset}.${load.table}`, schema })
}

const sourceOf = (check: PipelineCheck, step: IngestStep, path: ConfigPath): Loaded<Source> | undefined => {
  const [id = ''] = step.source.split('.')
  const source = check.folders.sources.get(id)
  if (!source) check.problems.at(check.document, [...path, 'source'], check.folders.sources.missing('source', id))
  return source
}

const checkResource = (
  check: PipelineCheck,
  step: IngestStep,
  schema: TableSchema | undefined,
  source: { readonly value: Source; readonly document: ConfigDocument; readonly path: ConfigPath },
): void => {
  const [id, name = ''] = step.source.split('.')
  const { value, document } = source
  const owner = `pipeline ${check.pipeline.pipeline_id}`
  const names = { parameters: check.parameters, owner }
  const resources = value.type === 'rest_api' ? value.resources : value.files
  if (!Object.hasOwn(resources, name)) {
    check.problems.at(
      check.document,
      source.path,
      `source ${id} has no ${name}: it has ${Object.keys(resources).join(', ')}${didYouMean(name, Object.keys(resources))}`,
    )
    return
  }
  if (value.type === 'object_storage') {
    const file = value.files[name]
    if (file) checkTemplates(document, ['files', name, 'glob'], file.glob, names, check.problems)
    return
  }
  const resource = value.resources[name]
  if (!resource) return
  checkTemplates(document, ['headers'], value.headers, { ...names, ...namesOfConnection(resource) }, check.problems)
  checkTemplates(document, ['params'], value.params, { ...names, ...namesOfConnection(resource) }, check.problems)
  checkResourceTemplates(resource, ['resources', name], document, names, check.problems)
  checkIncremental({
    document,
    path: ['resources', name],
    resource,
    load: step.load,
    schema,
    step: `step ${step.step_id} of ${owner}`,
    problems: check.problems,
  })
}

const namesOfConnection = (resource: { windows?: unknown; incremental?: unknown }) => ({
  secrets: true,
  window: resource.windows !== undefined || resource.incremental !== undefined,
  cursor: resource.incremental !== undefined,
})

const checkGate = (
  check: PipelineCheck,
  id: string,
  path: ConfigPath,
  table: { readonly name: string; readonly schema: TableSchema | undefined } | undefined,
): Loaded<Values['rules']> | undefined => {
  const rules = check.folders.rules.get(id)
  if (!rules) check.problems.at(check.document, path, check.folders.rules.missing('rules file', id))
  else if (rules.checked && table?.schema)
    checkRuleColumns(
      rules.checked.value,
      rules.checked.document,
      { name: table.name, schema: table.schema },
      check.problems,
    )
  return rules
}

const checkDq = (check: PipelineCheck, step: DqStep, path: ConfigPath): void => {
  const known = check.folders.rules.get(step.rules)
  const name = step.table ?? known?.checked?.value.table
  const loads = check.pipeline.steps.flatMap((one) =>
    one.type !== 'dq' && `${one.load.dataset}.${one.load.table}` === name ? [one.load] : [],
  )
  const schema = loads.flatMap((load) =>
    load.schema === undefined ? [] : [check.folders.schemas.get(load.schema)?.checked?.value],
  )[0]
  const rules = checkGate(check, step.rules, [...path, 'rules'], name === undefined ? undefined : { name, schema })
  const report = (key: string, message: string) => check.problems.at(check.document, [...path, key], message)
  if (name === undefined && rules?.checked) report('table', `is missing: rules ${step.rules} name no table`)
  if (name !== undefined && step.scope !== 'table' && loads.length === 0)
    report(
      'scope',
      `${step.scope} needs a step of this pipeline that loads ${name}: only then there are rows of this run`,
    )
}

const checkTransform = (check: PipelineCheck, step: TransformStep, path: ConfigPath): void => {
  const { document, parameters, problems, operator } = check
  const { load } = step
  if (!('rows' in load.max_rejected) || load.max_rejected.rows !== 0)
    problems.at(document, [...path, 'load', 'max_rejected'], 'is for ingest steps: a query rejects no rows', 'key')
  if (operator && step.max_bytes_billed !== undefined && step.max_bytes_billed > operator.limits.max_bytes_billed)
    problems.at(
      document,
      [...path, 'max_bytes_billed'],
      `the operator allows at most ${formatSize(operator.limits.max_bytes_billed)}`,
    )
  checkLoad({
    document,
    path: [...path, 'load'],
    load,
    schema: schemaOf(check, load, [...path, 'load', 'schema']),
    parameters,
    problems,
  })
  checkSql(check, step, path)
}

const checkSql = (check: PipelineCheck, step: TransformStep, path: ConfigPath): void => {
  const file = [`sql/${check.tenant}/${step.sql}.sql`, `sql/${step.sql}.sql`].find((one) => check.files.has(one))
  if (file === undefined) {
    check.problems.at(
      check.document,
      [...path, 'sql'],
      `there is no file sql/${step.sql}.sql, nor sql/${check.tenant}/${step.sql}.sql`,
    )
    return
  }
  const text = check.files.get(file) ?? ''
  check.sql.set(step.sql, { file, text })
  for (const problem of sqlProblems(file, text, check.parameters)) check.problems.add(problem)
}
