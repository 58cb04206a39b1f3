// Prints `N passed, N failed` from vitest's JSON report (first argument). A file that could not even be loaded has
// no tests in it and counts as one failure, and so does an exit code (second argument) that nothing explains:
// types or lint, before there is a report.
import { readFileSync } from 'node:fs';

const [path, status] = process.argv.slice(2);
const text = readFileSync(path, 'utf8');
const { testResults = [], numPassedTests = 0 } = text === '' ? {} : JSON.parse(text);
let failed = 0;
for (const { name, status: state, message, assertionResults } of testResults) {
  const wrong = assertionResults.filter((each) => each.status === 'failed');
  const lines = wrong.map((each) => each.fullName);
  if (state === 'failed' && lines.length === 0) lines.push(message);
  for (const line of lines) process.stdout.write(`failed: ${name}: ${line}\n`);
  failed += lines.length;
}
if (failed === 0 && (status !== '0' || numPassedTests === 0)) failed = 1;
process.stdout.write(`${numPassedTests} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
