// Prints `N passed, N failed` from vitest's JSON report (first argument). A file that could not even be loaded has
// no tests in it and counts as one failure, and so does an exit code (second argument) that nothing explains.
import { readFileSync } from 'node:fs';

const [path, status] = process.argv.slice(2);
const report = JSON.parse(readFileSync(path, 'utf8'));
const broken = report.testResults.filter(
  (file) =>
    file.status === 'failed' && !file.assertionResults.some((each) => each.status === 'failed'),
);
let failed = report.numFailedTests + broken.length;
if (failed === 0 && (status !== '0' || report.numPassedTests === 0)) failed = 1;
for (const file of report.testResults) {
  for (const { status, fullName } of file.assertionResults) {
    if (status === 'failed') process.stdout.write(`failed: ${file.name}: ${fullName}\n`);
  }
}
for (const file of broken) process.stdout.write(`failed: ${file.name}: ${file.message}\n`);
process.stdout.write(`${report.numPassedTests} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
