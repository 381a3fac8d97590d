import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { copyAssets } from '../copy-assets.ts'
import { bucketsOf, type Project } from '../project.ts'

export const DEMO_TENANT = 'acme'
const BUCKET = `${DEMO_TENANT}-uploads`
const PROJECT = new URL('project/', import.meta.url)

/** Writes the demo's project, over the one of an earlier demo; gives the key that its API asks for. */
export const prepareDemo = ({ root }: Project): string => {
  mkdirSync(root, { recursive: true })
  copyAssets(PROJECT, root)
  const path = join(root, `configs/${DEMO_TENANT}/secrets/openai_admin_key.txt`)
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(path, `sk-admin-demo-${randomBytes(16).toString('hex')}\n`, { mode: 0o600 })
  }
  return readFileSync(path, 'utf8').trim()
}

/** The source as a tenant would write it, with the address of this demo's server. */
export const pointToServer = ({ root }: Project, port: number): void => {
  const path = join(root, `configs/${DEMO_TENANT}/sources/openai_usage.yml`)
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace(/^base_url: .*$/m, `base_url: http://127.0.0.1:${port}/v1`))
}

/** Drops a file into the tenant's bucket folder, as a person would; gives its path. */
export const dropFile = (project: Project, name: string, text: string): string => {
  const path = join(bucketsOf(project), BUCKET, name)
  mkdirSync(dirname(path), { recursive: true })
  // Whole at once: who watches the folder never sees half of it.
  const temporary = join(bucketsOf(project), `.demo-${randomBytes(6).toString('hex')}`)
  writeFileSync(temporary, text)
  renameSync(temporary, path)
  return path
}
