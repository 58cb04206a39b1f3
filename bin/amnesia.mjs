#!/usr/bin/env node
// Starts the built program. Kept free of everything that an old Node.js could not parse, and of imports: to give them
// out, Node would first load everything that its own modules put off.

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`amnesia: needs Node.js 20.19 or later, this is ${process.versions.node}`);
  process.exitCode = 254;
} else {
  start();
}

function start() {
  // Node's own exit code for what nobody caught is 1, which here means that a violation was found.
  process.on('uncaughtException', (error) => {
    console.error(`amnesia: this is a fault of amnesia itself: ${error?.stack ?? error}`);
    process.exit(255);
  });
  const { createRequire, enableCompileCache } = process.getBuiltinModule('node:module');
  // From Node.js 22 on: what it has compiled is kept, in our folder, which nobody else writes to.
  enableCompileCache?.(`${import.meta.dirname}/../node_modules/.cache/compiled`);
  const require = createRequire(import.meta.url);
  const built = '../dist/harness/cli/main.cjs';
  if (!process.getBuiltinModule('node:fs').existsSync(new URL(built, import.meta.url))) {
    console.error('amnesia: not built yet; run `npm ci` (or `npm run build`) in its folder first');
    process.exitCode = 254;
    return;
  }
  const done = require(built).main(process.argv.slice(2));
  if (process.argv[2] === 'check') done.then(leave);
}

/** Of a long history Node would free the memory piece by piece. What was written must have been taken first. */
function leave() {
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}
