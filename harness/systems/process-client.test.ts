import { afterEach, expect, test } from 'vitest';
import { realWorld } from '../world/real-world.ts';
import { makeRng } from '../world/rng.ts';
import type { Client } from './client.ts';
import { processClients } from './process-client.ts';

const node = { name: 'n1', address: '127.0.0.1', url: 'http://127.0.0.1:1' };
const open: Client[] = [];
afterEach(async () => {
  for (const client of open.splice(0)) await client.close();
});

/** A program that says `{"type":"ok"}` to the set-up and then does `body` with each message. */
function client(body: string, setUp = `say({ type: 'ok' })`, timeoutMs = 2000): Client {
  const program = `
    const say = (message) => console.log(JSON.stringify(message));
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const message = JSON.parse(line);
      if (message.type === 'teardown') process.exit(0);
      if (message.type === 'setup') { ${setUp} } else { ${body} }
    });`;
  const kind = processClients('register', { command: [process.execPath, '-e', program] });
  const made = kind.connect({
    node,
    nodes: [node],
    world: realWorld,
    rng: makeRng(1),
    timeoutMs,
    options: {},
    session: null,
  });
  open.push(made);
  return made;
}

const write = { f: 'write', key: 'k', value: 7 };
const read = { f: 'read', key: 'k', value: null };

test('a program answers operations one after the other', async () => {
  const echo = client(`say({ type: 'ok', value: message.value ?? 'read ' + message.key })`);
  expect(await echo.invoke(write)).toMatchObject({ outcome: 'ok', value: 7 });
  expect(await echo.invoke(read)).toMatchObject({ outcome: 'ok', value: 'read k' });
});

test('fail and info are taken as they are; a read without an answer has failed', async () => {
  const kept = client(`say({ type: 'info', error: 'who knows' })`);
  expect(await kept.invoke(write)).toMatchObject({ outcome: 'info', message: 'who knows' });
  expect(await kept.invoke(read)).toMatchObject({ outcome: 'fail' });
});

test.each([
  ['dies', 'process.exit(3)', /ended with exit code 3/],
  ['says why it dies', `console.error('no disk'); process.exit(3)`, /exit code 3: no disk/],
  ['prints nonsense', `console.log('hello')`, /printed "hello", where .*"ok".* is expected/],
  ['prints another type', `say({ type: 'done' })`, /is expected/],
])('a program that %s leaves the operation indeterminate', async (_, body, message) => {
  const broken = client(body);
  const end = await broken.invoke(write);
  expect(end).toMatchObject({ outcome: 'info', error: 'client-process' });
  expect(end.message).toMatch(message);
});

test('a program that hangs is given up within the time-out, and another one takes its place', async () => {
  const once = `if (message.value !== 7) say({ type: 'ok', value: 8 })`;
  const hanging = client(once, undefined, 300);
  expect((await hanging.invoke(write)).message).toMatch(/did not answer within 300 ms/);
  expect(await hanging.invoke({ ...write, value: 8 })).toMatchObject({ outcome: 'ok' });
});

test('nothing has happened where a program could not be set up, or does not exist', async () => {
  const refused = client('', `say({ type: 'fail', error: 'no such host' })`);
  expect(await refused.invoke(write)).toMatchObject({ outcome: 'fail' });
  const kind = processClients('register', { command: ['/no/such/program'] });
  const context = { node, nodes: [node], world: realWorld, rng: makeRng(1), session: null };
  const absent = kind.connect({ ...context, timeoutMs: 500, options: {} });
  const end = await absent.invoke(write);
  expect(end.outcome).toBe('fail');
  expect(end.message).toMatch(/cannot be started: .*ENOENT/);
});
