// node count-tests.ts FAILED_STEPS FOLDER: sums vitest's JSON reports up into one line, and fails unless all is green.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
}

const [failedSteps = '0', folder = '.'] = process.argv.slice(2)
let passed = 0
let failed = 0
for (const name of readdirSync(folder)) {
  const report: Report = JSON.parse(readFileSync(join(folder, name), 'utf8'))
  passed += report.numPassedTests
  failed += report.numFailedTests
  // A skipped integration test has not met the server that it is there for.
  if (name === 'integration.json') failed += report.numPendingTests + report.numTodoTests
}
// A step can fail without a failed test: a check, a file that does not load.
failed = Math.max(failed, Number(failedSteps))
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
