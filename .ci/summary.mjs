// node .ci/summary.mjs STATUS STAGE FOLDER: the last line of .ci/run, from the JSON reports of vitest in FOLDER. A stage
// that failed without a failed test (a compiler, a check, a file of tests that could not start) counts as one failure.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const [, , status, stage, folder = '.'] = process.argv
let passed = 0
let failed = 0
let skipped = 0
for (const name of readdirSync(folder)) {
  const report = JSON.parse(readFileSync(path.join(folder, name), 'utf8'))
  passed += report.numPassedTests
  failed += report.numFailedTests
  skipped += report.numPendingTests + report.numTodoTests
}
if (status !== '0') {
  if (failed === 0) failed = 1
  console.log(`error: failed at "${stage}" (exit status ${status})`)
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
