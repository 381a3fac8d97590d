import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { parseEnv } from 'node:util'
import type { ConfigFiles } from '@convergence/core/config/config-files.ts'
import { InvalidInputError, NotFoundError } from '@convergence/core/errors.ts'

/** A folder with `configs/`, and what belongs to it. */
export interface Project {
  readonly root: string
  /** Everything local: state, warehouse, buckets, logs. */
  readonly local: string
}

export const LOCAL_FOLDER = '.convergence'

export const projectAt = (root: string): Project => ({ root, local: join(root, LOCAL_FOLDER) })

/** Each bucket is a folder in it. */
export const bucketsOf = ({ local }: Project): string => join(local, 'buckets')

/** The folder that was named, or the nearest one upward that has `configs/`. Throws NotFoundError. */
export const findProject = (cwd: string, named: string | undefined): Project => {
  if (named !== undefined) {
    const root = resolve(cwd, named)
    if (existsSync(join(root, 'configs'))) return projectAt(root)
    throw new NotFoundError(`${root} has no folder configs/: make a project there with \`convergence init ${named}\``)
  }
  const root = nearestRoot(cwd)
  if (root !== undefined) return projectAt(root)
  throw new NotFoundError(
    `neither ${resolve(cwd)} nor a folder above it has configs/: make a project with \`convergence init\`, or name one with --project DIR`,
  )
}

const nearestRoot = (cwd: string): string | undefined => {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'configs'))) return folder
    if (folder === dirname(folder)) return undefined
  }
}

/** Files of configs are small; a large one is there by mistake. */
const MAX_FILE_BYTES = 4 * 1024 * 1024

/** What `validate` checks: everything under configs/ and sql/ but secrets, by path with `/`. */
export const readConfigFiles = ({ root }: Project): ConfigFiles => {
  const files = new Map<string, string>()
  for (const top of ['configs', 'sql']) {
    if (!existsSync(join(root, top))) continue
    for (const name of readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })) {
      const path = `${top}/${name.split(sep).join('/')}`
      if (!/\.(ya?ml|json|sql)$/.test(path) || path.includes('/secrets/')) continue
      const found = statSync(join(root, path))
      if (!found.isFile()) continue
      if (found.size > MAX_FILE_BYTES) throw new InvalidInputError(`${path} is larger than 4 MB: a config file is not`)
      files.set(path, readFileSync(join(root, path), 'utf8'))
    }
  }
  return files
}

/** The environment, over what the project's `.env` says. */
export const projectEnvironment = (
  { root }: Project,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> => {
  const file = join(root, '.env')
  return existsSync(file) ? { ...parseEnv(readFileSync(file, 'utf8')), ...env } : { ...env }
}

/** How a person would type a command about the project, from the folder where they are. */
export const commandLine = (cwd: string, { root }: Project): ((command: string) => string) => {
  const isNear = nearestRoot(cwd) === root
  return (command) => `npx convergence ${command}${isNear ? '' : ` --project ${relative(cwd, root)}`}`
}
