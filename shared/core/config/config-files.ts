import type { z } from 'zod'
import { isId } from '../ids.ts'
import type { TableSchema } from '../table.ts'
import { checkDocument } from './check-document.ts'
import { pipelineSchema } from './pipeline.ts'
import { problemAt } from './problem.ts'
import type { ProblemList } from './problem-list.ts'
import { rulesSchema, type Rules } from './rules.ts'
import { sourceSchema, type Source } from './source.ts'
import { tableSchemaFile } from './table-schema.ts'
import { didYouMean } from './suggest.ts'
import { readYaml, type ConfigDocument } from './yaml.ts'

/** Path to text: everything under `configs/` and `sql/`, relative to the checkout, with `/`. */
export type ConfigFiles = ReadonlyMap<string, string>

/** A file that is there. Without value its own problems were reported, and what refers to it is not wrong. */
export interface Loaded<T> {
  readonly file: string
  readonly checked?: { readonly document: ConfigDocument; readonly value: T } | undefined
}

export type PipelineFile = z.output<typeof pipelineSchema>

interface Kind {
  readonly folder: string
  readonly ending: string
  readonly schema: z.ZodType
  /** Key that holds the id; schemas have none. */
  readonly idKey?: string
}

const KINDS = {
  pipelines: { folder: 'pipelines', ending: '.yml', schema: pipelineSchema, idKey: 'pipeline_id' },
  sources: { folder: 'sources', ending: '.yml', schema: sourceSchema, idKey: 'source_id' },
  schemas: { folder: 'schemas', ending: '.json', schema: tableSchemaFile },
  rules: { folder: 'dq_rules', ending: '.yml', schema: rulesSchema, idKey: 'rules_id' },
} as const satisfies Record<string, Kind>

export interface Values {
  pipelines: PipelineFile
  sources: Source
  schemas: TableSchema
  rules: Rules
}

export type KindName = keyof Values

const SHARED = 'configs/_shared'

/** Reads and checks one file; its problems go to the list. */
export const loadFile = <S extends z.ZodType>(
  files: ConfigFiles,
  file: string,
  schema: S,
  problems: ProblemList,
): Loaded<z.output<S>> => {
  const read = readYaml(file, files.get(file) ?? '')
  if ('problems' in read) {
    read.problems.forEach((problem) => problems.add(problem))
    return { file }
  }
  const checked = checkDocument(schema, read.document)
  if ('value' in checked) return { file, checked: { document: read.document, value: checked.value } }
  checked.problems.forEach((problem) => problems.add(problem))
  return { file }
}

const idProblem = (kind: Kind, id: string, value: unknown): string | undefined => {
  if (kind.idKey === undefined) return undefined
  const written = (value as Readonly<Record<string, unknown>>)[kind.idKey]
  return written === id ? undefined : `must be ${id}, as the file's name says`
}

/** The tenant's files of one kind by id, and the shared ones where the tenant has none of that name. */
export class ConfigFolder<K extends KindName> {
  private readonly loaded = new Map<string, Loaded<Values[K]>>()
  private readonly files: ConfigFiles
  private readonly tenant: string
  private readonly kind: Kind
  private readonly problems: ProblemList

  constructor(files: ConfigFiles, tenant: string, name: K, problems: ProblemList) {
    this.files = files
    this.tenant = tenant
    this.kind = KINDS[name]
    this.problems = problems
  }

  /** Ids of the tenant's own files, or of the shared ones. */
  ids(of: 'own' | 'shared'): readonly string[] {
    const prefix = `${of === 'own' ? `configs/${this.tenant}` : SHARED}/${this.kind.folder}/`
    const names = [...this.files.keys()]
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length))
    return names
      .filter((name) => name.endsWith(this.kind.ending) && isId(name.slice(0, -this.kind.ending.length)))
      .map((name) => name.slice(0, -this.kind.ending.length))
  }

  allIds(): readonly string[] {
    return [...new Set([...this.ids('own'), ...this.ids('shared')])].sort()
  }

  /** The file of that id, read once; undefined: there is none. */
  get(id: string): Loaded<Values[K]> | undefined {
    const known = this.loaded.get(id)
    if (known) return known
    const file = [`configs/${this.tenant}`, SHARED]
      .map((root) => `${root}/${this.kind.folder}/${id}${this.kind.ending}`)
      .find((path) => this.files.has(path))
    if (file === undefined) return undefined
    const loaded = loadFile(this.files, file, this.kind.schema, this.problems) as Loaded<Values[K]>
    const wrong = loaded.checked && idProblem(this.kind, id, loaded.checked.value)
    if (loaded.checked && wrong) this.problems.at(loaded.checked.document, [this.kind.idKey ?? ''], wrong)
    this.loaded.set(id, loaded)
    return loaded
  }

  /** `there is no source costs (…); did you mean "cost"?` */
  missing(noun: string, id: string): string {
    const place = `${this.kind.folder}/${id}${this.kind.ending}`
    return `there is no ${noun} ${id} (looked for configs/${this.tenant}/${place} and ${SHARED}/${place})${didYouMean(id, this.allIds())}`
  }

  /** What was read so far. */
  loadedFiles(): readonly { readonly document: ConfigDocument; readonly value: Values[K] }[] {
    return [...this.loaded.values()].flatMap((one) => one.checked ?? [])
  }

  /** The same by id. */
  values(): Readonly<Record<string, Values[K]>> {
    return Object.fromEntries(
      [...this.loaded]
        .flatMap(([id, one]) => (one.checked ? [[id, one.checked.value] as const] : []))
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    )
  }
}

/** Files in the tenant's folder that nothing reads: a wrong ending or folder would else be ignored in silence. */
export const reportStrayFiles = (files: ConfigFiles, tenant: string, problems: ProblemList): void => {
  const root = `configs/${tenant}/`
  const places = Object.values(KINDS)
  const folders = places.map((kind) => kind.folder)
  for (const file of files.keys()) {
    const rest = file.slice(root.length)
    if (!file.startsWith(root) || rest === 'tenant.yml' || rest.startsWith('secrets/') || !/\.(ya?ml|json)$/.test(rest))
      continue
    const [folder = '', name = '', ...deeper] = rest.split('/')
    const place = places.find((kind) => kind.folder === folder)
    const report = (message: string) => problems.add(problemAt({ file, text: '', offset: 0, path: [], message }))
    if (!place || deeper.length > 0 || name === '')
      report(`is read by nothing: files belong into ${folders.join(', ')}${didYouMean(folder, folders)}`)
    else if (!name.endsWith(place.ending)) report(`is read by nothing: files in ${folder}/ end in ${place.ending}`)
    else if (!isId(name.slice(0, -place.ending.length)))
      report('its name must be lower-case letters, digits and _, start with a letter, at most 63 characters')
  }
}
