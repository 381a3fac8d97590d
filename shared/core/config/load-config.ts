import { isTenantId } from '../ids.ts'
import { checkPipeline, type References } from './check-pipeline.ts'
import { checkSource } from './check-source.ts'
import { ConfigFolder, loadFile, reportStrayFiles, type ConfigFiles } from './config-files.ts'
import { problemAt, type ConfigProblem } from './problem.ts'
import { problemList, type ProblemList } from './problem-list.ts'
import { sealSnapshot, type ConfigSnapshot } from './snapshot.ts'
import { operatorTenantSchema, tenantSchema, type OperatorTenant, type TenantFile } from './tenant.ts'

/** Name of the file that makes a tenant one. */
export const operatorFile = (tenant: string): string => `configs/_platform/tenants/${tenant}.yml`

/** Tenants that the operator has a file for. */
export const listTenants = (files: ConfigFiles): readonly string[] =>
  [...files.keys()]
    .flatMap((path) => /^configs\/_platform\/tenants\/([^/]+)\.yml$/.exec(path)?.[1] ?? [])
    .filter(isTenantId)
    .sort()

export type LoadedConfig = { readonly snapshot: ConfigSnapshot } | { readonly problems: readonly ConfigProblem[] }

const loadOperator = (tenant: string, files: ConfigFiles, problems: ProblemList): OperatorTenant | undefined => {
  const file = operatorFile(tenant)
  if (!files.has(file)) {
    problems.add(
      problemAt({
        file,
        text: '',
        offset: 0,
        path: [],
        message: `is missing: \`convergence tenant create ${tenant}\` makes it`,
      }),
    )
    return undefined
  }
  const { checked } = loadFile(files, file, operatorTenantSchema, problems)
  if (checked?.value.tenant_id !== undefined && checked.value.tenant_id !== tenant)
    problems.at(checked.document, ['tenant_id'], `must be ${tenant}, as the file's name says`)
  return checked?.value
}

const loadSettings = (tenant: string, files: ConfigFiles, problems: ProblemList): TenantFile => {
  const file = `configs/${tenant}/tenant.yml`
  if (!files.has(file)) return tenantSchema.parse({})
  const { checked } = loadFile(files, file, tenantSchema, problems)
  if (checked?.value.tenant_id !== undefined && checked.value.tenant_id !== tenant)
    problems.at(checked.document, ['tenant_id'], `must be ${tenant}, as the folder's name says`)
  return checked?.value ?? tenantSchema.parse({})
}

/**
 * Checks everything that a tenant has and refers to: a snapshot, or all problems of all files. Shared pipelines belong to every tenant;
 * of the other shared files only those count that a pipeline uses, so that one of them cannot stop a tenant that has no part in it.
 */
export const loadTenantConfig = (tenant: string, files: ConfigFiles): LoadedConfig => {
  const problems = problemList()
  const operator = loadOperator(tenant, files, problems)
  const settings = loadSettings(tenant, files, problems)
  reportStrayFiles(files, tenant, problems)
  const folders = {
    pipelines: new ConfigFolder(files, tenant, 'pipelines', problems),
    sources: new ConfigFolder(files, tenant, 'sources', problems),
    schemas: new ConfigFolder(files, tenant, 'schemas', problems),
    rules: new ConfigFolder(files, tenant, 'rules', problems),
  }
  const references: References = { tenant, files, folders, operator, problems, sql: new Map() }
  // The tenant's own files are checked whether they are used or not.
  for (const folder of [folders.sources, folders.schemas, folders.rules])
    for (const id of folder.ids('own')) folder.get(id)
  for (const id of folders.pipelines.allIds()) {
    const checked = folders.pipelines.get(id)?.checked
    if (checked) checkPipeline(checked.value, checked.document, references)
  }
  for (const { document, value } of folders.sources.loadedFiles()) checkSource(value, { document, operator, problems })
  const found = problems.sorted()
  return found.length > 0 || !operator
    ? { problems: found }
    : { snapshot: snapshotOf({ ...references, operator }, settings) }
}

const snapshotOf = (
  { tenant, operator, folders, sql }: References & { operator: OperatorTenant },
  settings: TenantFile,
): ConfigSnapshot => {
  const pipelines = Object.entries(folders.pipelines.values()).map(
    ([id, pipeline]) => [id, { ...pipeline, timezone: pipeline.timezone ?? settings.timezone }] as const,
  )
  const sqlFiles = [...sql].sort(([a], [b]) => (a < b ? -1 : 1))
  return sealSnapshot({
    tenant,
    operator,
    settings,
    pipelines: Object.fromEntries(pipelines),
    sources: folders.sources.values(),
    schemas: folders.schemas.values(),
    rules: folders.rules.values(),
    sql: Object.fromEntries(sqlFiles.map(([name, { text }]) => [name, text])),
    sqlFiles: Object.fromEntries(sqlFiles.map(([name, { file }]) => [name, file])),
  })
}
