// npm drops what the registry does not serve from the lock without a word; `npm ci` then fails, or other platforms break.
import { readFileSync } from 'node:fs'

interface LockEntry {
  resolved?: string
  link?: boolean
  optionalDependencies?: Record<string, string>
}

export function findLockProblems(packages: Record<string, LockEntry>): string[] {
  const installed = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, '')))
  return Object.entries(packages).flatMap(([path, entry]) => [
    ...Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !installed.has(name))
      .map((name) => `${path}: optional dependency ${name} has no entry`),
    // A workspace's link resolves to its folder; anything else would be an address.
    ...(entry.resolved !== undefined && !entry.link ? [`${path}: holds a resolved address`] : []),
  ])
}

const lockFile = new URL('../package-lock.json', import.meta.url)
const problems = findLockProblems(JSON.parse(readFileSync(lockFile, 'utf8')).packages)
for (const problem of problems) console.error(`package-lock.json: ${problem}`)
process.exitCode = problems.length === 0 ? 0 : 1
