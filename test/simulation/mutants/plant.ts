import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { applyPatch, parsePatch } from './apply-patch.ts'

const ROOT = new URL('../../../', import.meta.url)

/**
 * Plants a bug: every source that the patch changes is loaded with the change, in this process only. Call before the sources are
 * imported. Throws when a hunk does not apply.
 */
export const plant = (patchFile: string): void => {
  const name = basename(patchFile)
  const changed = new Map<string, string>()
  for (const patch of parsePatch(readFileSync(patchFile, 'utf8'), name)) {
    const url = new URL(patch.path, ROOT)
    changed.set(fileURLToPath(url), applyPatch(readFileSync(url, 'utf8'), patch, name))
  }
  registerHooks({
    load: (url, context, nextLoad) => {
      const loaded = nextLoad(url, context)
      const source = url.startsWith('file:') ? changed.get(fileURLToPath(url)) : undefined
      return source === undefined ? loaded : { ...loaded, source }
    },
  })
}
