import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const bin = fileURLToPath(new URL('../../bin/amnesia.mjs', import.meta.url));

/** Runs the program together with something that goes wrong where nobody waits for it. */
function runWith(fault: string) {
  const bad = `data:text/javascript,const late=setInterval(()=>{},50);setTimeout(()=>{${fault}},20)`;
  return spawnSync(process.execPath, ['--import', bad, bin, '--version'], { encoding: 'utf8' });
}

it.each([
  ['a timer', 'throw new Error("oh")'],
  ['a promise', 'Promise.reject(new Error("oh"))'],
])('a crash in %s is 255, which is no verdict', (_, fault) => {
  const { status, stderr } = runWith(`setTimeout(()=>{${fault}},400)`);
  expect(status).toBe(255);
  expect(stderr).toMatch(/^amnesia: this is a fault of amnesia itself: Error: oh/m);
});
