/**
 * Programs that run in a sidecar, or beside a node's process: constant text, given as one argument, with their data as
 * further arguments or as lines.
 */

/** The Node of the helper's image. */
const nodeBinary = '/usr/local/bin/node';

export function program(source: string, ...args: readonly string[]): string[] {
  return [nodeBinary, '-e', source, '--', ...args];
}

/**
 * argv: own address, milliseconds without any packet after which it ends. Says "ready" and its port, then JSON
 * with number and latency of each packet in the order of arrival, and how many had changed on the way. All
 * containers of an engine have one clock, so the latency is that of one way.
 */
export const receiverProgram = `
const [host, quietMs] = process.argv.slice(1);
const { createSocket } = require('node:dgram');
const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
const numbers = [], latencies = [];
let changed = 0;
const end = () => {
  const line = JSON.stringify({ numbers, latencies, changed });
  process.stdout.write(line + '\\n', () => process.exit(0));
};
let timer = setTimeout(end, 4 * Number(quietMs));
socket.on('message', (message) => {
  const now = performance.timeOrigin + performance.now();
  if (message.length < 12) return;
  if (message.subarray(12).some((byte) => byte !== 0x55)) changed++;
  numbers.push(message.readUInt32LE(0));
  latencies.push(Math.round((now - message.readDoubleLE(4)) * 1000) / 1000);
  clearTimeout(timer);
  timer = setTimeout(end, Number(quietMs));
});
socket.bind(0, host, () => process.stdout.write('ready ' + socket.address().port + '\\n'));`;

/** argv: peer, port, how many, bytes of each, pause after each in ms. */
export const senderProgram = `
const [peer, port, count, bytes, pauseMs] = process.argv.slice(1);
const { createSocket } = require('node:dgram');
const socket = createSocket(peer.includes(':') ? 'udp6' : 'udp4');
const message = Buffer.alloc(Number(bytes), 0x55);
const send = (number) => new Promise((resolve) => {
  message.writeUInt32LE(number, 0);
  message.writeDoubleLE(performance.timeOrigin + performance.now(), 4);
  socket.send(message, Number(port), peer, resolve);
});
(async () => {
  for (let i = 0; i < Number(count); i++) {
    await send(i);
    if (Number(pauseMs) > 0) await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
  }
  socket.close();
})();`;

/**
 * argv: the file that libfaketime reads. Lines "offsetMs driftPpm jumpEveryMs" set a clock, which it keeps from then
 * on: libfaketime's own rate counts from the start of each process and would step. The file is replaced by a rename,
 * since an empty one is a moment of true time.
 */
export const clockKeeperProgram = `
const fs = require('node:fs');
const [file] = process.argv.slice(1);
const everyMs = 20;
let [offsetMs, driftPpm, jumpEveryMs, since] = [0, 0, 0, 0];
let written = null;
const keep = () => {
  const passedMs = performance.now() - since;
  const away = jumpEveryMs > 0 && Math.floor(passedMs / jumpEveryMs) % 2 === 1;
  const aheadMs = (away ? 0 : offsetMs) + (passedMs * driftPpm) / 1e6;
  const text = (aheadMs < 0 ? '-' : '+') + Math.abs(aheadMs / 1000).toFixed(6);
  if (text === written) return;
  fs.writeFileSync(file + '.new', text);
  fs.renameSync(file + '.new', file);
  written = text;
};
keep();
let timer;
require('node:readline').createInterface(process.stdin).on('line', (line) => {
  [offsetMs, driftPpm, jumpEveryMs] = line.split(' ').map(Number);
  since = performance.now();
  clearInterval(timer);
  keep();
  if (driftPpm !== 0 || jumpEveryMs > 0) timer = setInterval(keep, everyMs);
  process.stdout.write('ok\\n');
}).on('close', () => process.exit(0));
process.stdout.write('ready\\n');`;
