// npm run by Node 20 leaves out native packages whose engines ask for Node >= 22 and says nothing. npm runs this script on
// the packaged Node 24 (node_modules/.bin is first on its PATH), so here the same lock file installs whole.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const nativePackages = ['nodejs-polars', '@duckdb/node-api']

function loads(name) {
  try {
    require(name)
    return true
  } catch {
    return false
  }
}

if (!nativePackages.every(loads)) {
  const args = [process.env.npm_execpath, 'install', '--no-save', '--ignore-scripts']
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  process.exitCode = status ?? 1
}
