// Runs in a container: starts a program under the undo log, kills it -9, lets the power fail or not, starts it
// again, and prints as JSON what it had acknowledged and what it still has.
//   node scenarios.mjs NAME '{"loss": ["lose=all"] or null, ...}'
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const [name, text] = process.argv.slice(2);
const options = JSON.parse(text ?? '{}');
const tools = '/opt/amnesia';
const data = '/tmp/data';
const log = '/tmp/undo';
const watched = {
  ...process.env,
  LD_PRELOAD: `${tools}/undo.so`,
  AMNESIA_UNDO_DATA: data,
  AMNESIA_UNDO_LOG: log,
  AMNESIA_UNDO_NAMES: options.names ?? 'ordered',
  ...options.env,
};

for (const folder of [data, log]) {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder);
}

const started = [];

function start(program, args, env = watched) {
  const child = spawn(program, args, { env, cwd: data, stdio: ['pipe', 'pipe', 'inherit'] });
  started.push(child);
  return child;
}

async function killHard(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** What the tool says it has undone; null where the power did not fail. */
function powerFails() {
  if (!options.loss) return null;
  const ran = spawnSync(`${tools}/undo-tool`, ['lose', data, log, ...options.loss]);
  if (ran.status !== 0) throw new Error(String(ran.stderr));
  return JSON.parse(String(ran.stdout));
}

/** A Node program of a few lines. It prints a number for each line that it has synced. */
const forgetful = `
const fs = require('node:fs');
const [every, count] = process.argv.slice(1).map(Number);
const file = fs.openSync('lines', 'a');
for (let i = 1; i <= count; i++) {
  fs.writeSync(file, String(i).padStart(63, '0') + '\\n');
  if (i % every === 0) fs.fsyncSync(file);
}
console.log('written');
setInterval(() => {}, 1000);`;

async function lines() {
  const child = start('node', ['-e', forgetful, String(options.every), String(options.count)]);
  await once(createInterface(child.stdout), 'line');
  const inspected = spawnSync(`${tools}/undo-tool`, ['inspect', data, String(child.pid)]);
  await killHard(child);
  const logBytes = fs.statSync(`${log}/log`, { throwIfNoEntry: false })?.size ?? 0;
  const undone = powerFails();
  const left = fs.readFileSync(`${data}/lines`, 'latin1').split('\n');
  const torn = left.pop();
  const processes = JSON.parse(String(inspected.stdout));
  return { left: left.length, torn, logBytes, undone, processes };
}

const redisPort = 7381;

async function redisConnection() {
  for (let tries = 0; tries < 100; tries++) {
    const socket = net.connect(redisPort, '127.0.0.1');
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    if (connected) return { socket, answers: createInterface(socket)[Symbol.asyncIterator]() };
    await sleep(100);
  }
  throw new Error('redis does not answer');
}

async function redis() {
  const settings = ['--port', String(redisPort), '--appendonly', 'yes', '--save', ''];
  const server = start('redis-server', [...settings, '--appendfsync', options.appendfsync]);
  server.stdout.resume();
  const { socket, answers } = await redisConnection();
  let acknowledged = 0;
  const ended = [];
  for (const until = Date.now() + options.runMs; Date.now() < until; ) {
    socket.write('INCR c\r\n');
    acknowledged = Number((await answers.next()).value.slice(1));
    ended.push(Date.now());
  }
  await killHard(server);
  socket.destroy();
  const undone = powerFails();
  const again = start('redis-server', settings, process.env);
  again.stdout.resume();
  const second = await redisConnection();
  let found = null;
  // It answers with an error while it loads its file.
  for (let tries = 0; tries < 50 && found === null; tries++) {
    second.socket.write('GET c\r\n');
    const { value } = await second.answers.next();
    if (value === '$-1') found = 0;
    else if (value.startsWith('$')) found = Number((await second.answers.next()).value);
    else await sleep(100);
  }
  await killHard(again);
  second.socket.destroy();
  const lostMs = found < acknowledged ? ended.at(-1) - ended[Math.max(0, found - 1)] : 0;
  return { acknowledged, found, lostMs, undone };
}

async function sqlite() {
  const child = start('sqlite3', ['-batch', `${data}/db`]);
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  child.stdin.write(
    `pragma journal_mode=${options.journal}; pragma synchronous=${options.sync};\n`,
  );
  child.stdin.write('create table t(i integer primary key);\n');
  await answers.next();
  let acknowledged = 0;
  for (const until = Date.now() + options.runMs; Date.now() < until; ) {
    child.stdin.write(`insert into t values(null); select max(i) from t;\n`);
    acknowledged = Number((await answers.next()).value);
  }
  const inspected = spawnSync(`${tools}/undo-tool`, ['inspect', data, String(child.pid)]);
  await killHard(child);
  const undone = powerFails();
  const query = 'pragma integrity_check; select count(*) from t;';
  const said = spawnSync('sqlite3', [`${data}/db`, query]);
  const [integrity, found] = String(said.stdout).trim().split('\n');
  const processes = JSON.parse(String(inspected.stdout));
  return { acknowledged, found: Number(found), integrity, undone, processes };
}

/** Everything that can happen to names, then one sync of an unrelated file or of a folder, then more. */
const renamer = `
const fs = require('node:fs');
const sync = (path) => { const f = fs.openSync(path, 'r'); fs.fsyncSync(f); fs.closeSync(f); };
const write = (path, text) => {
  const f = fs.openSync(path, 'w'); fs.writeSync(f, text); fs.fsyncSync(f); fs.closeSync(f);
};
write('replaced', 'old'); write('removed', 'old'); fs.mkdirSync('folder'); sync('.');
write('new', 'new');
fs.renameSync('new', 'replaced');
if (process.argv[1] !== 'none') sync(process.argv[1]);
fs.unlinkSync('removed'); fs.mkdirSync('made'); fs.rmdirSync('folder');
fs.symlinkSync('replaced', 'link');
fs.writeFileSync('made/file', 'never synced');
console.log('written');
setInterval(() => {}, 1000);`;

async function names() {
  const child = start('node', ['-e', renamer, options.sync]);
  await once(createInterface(child.stdout), 'line');
  await killHard(child);
  const undone = powerFails();
  const found = fs.readdirSync(data, { recursive: true }).sort();
  return { found, replaced: fs.readFileSync(`${data}/replaced`, 'utf8'), undone };
}

/** A static program: the tool looks at itself, since its number is that of the shell before it. */
async function staticProgram() {
  const script = `exec ${tools}/undo-tool inspect "$1" $$`;
  return JSON.parse(String(spawnSync('/bin/sh', ['-c', script, 'sh', data]).stdout))[0];
}

const scenarios = { lines, redis, sqlite, names, staticProgram };
try {
  process.stdout.write(`${JSON.stringify(await scenarios[name]())}\n`);
} finally {
  for (const child of started) child.kill('SIGKILL');
}
