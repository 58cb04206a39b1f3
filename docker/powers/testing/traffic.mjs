// Runs in a container: numbered datagrams, and a TCP connection with one byte at a time, from here to a peer.
//   node traffic.mjs echo                              answers datagrams and bytes on port 7999 until it is killed
//   node traffic.mjs measure PEER COUNT EVERY_MS BYTES prints as JSON what came back
import { createSocket } from 'node:dgram';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const port = 7999;
const [what, peer, count, everyMs, bytes] = process.argv.slice(2);
const family = peer?.includes(':') ? 'udp6' : 'udp4';

function echo() {
  // The first packet from here is not the answer to an echo of its own: each family has its socket.
  for (const kind of ['udp4', 'udp6']) {
    const socket = createSocket({ type: kind, ipv6Only: kind === 'udp6' });
    socket.on('message', (message, { port: to, address }) => socket.send(message, to, address));
    socket.bind(port);
  }
  const server = net.createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.listen(port, '::', () => console.log('listening'));
}

async function datagrams() {
  const socket = createSocket(family);
  const trips = [];
  const seen = new Set();
  const result = { sent: Number(count), arrived: 0, repeated: 0, overtaken: 0, changed: 0 };
  let highest = -1;
  socket.on('message', (message) => {
    const number = message.readUInt32LE(0);
    const sentAt = message.readDoubleLE(4);
    if (message.subarray(12).some((byte) => byte !== 0x55)) result.changed++;
    if (seen.has(number)) {
      result.repeated++;
      return;
    }
    seen.add(number);
    result.arrived++;
    if (number < highest) result.overtaken++;
    else highest = number;
    trips.push(performance.now() - sentAt);
  });
  const message = Buffer.alloc(Number(bytes), 0x55);
  for (let i = 0; i < Number(count); i++) {
    message.writeUInt32LE(i, 0);
    message.writeDoubleLE(performance.now(), 4);
    socket.send(Buffer.from(message), port, peer);
    if (Number(everyMs) > 0) await sleep(Number(everyMs));
  }
  await sleep(1500);
  socket.close();
  trips.sort((left, right) => left - right);
  return { ...result, p50Ms: trips[trips.length >> 1] ?? null };
}

async function stream() {
  const socket = net.connect({ port, host: peer, noDelay: true });
  const trips = [];
  const failed = new Promise((resolve) => socket.on('error', () => resolve(null)));
  const ping = async () => {
    for (let i = 0; i < 20; i++) {
      const began = performance.now();
      socket.write('x');
      await new Promise((resolve) => socket.once('data', resolve));
      trips.push(performance.now() - began);
    }
    trips.sort((left, right) => left - right);
    return trips[trips.length >> 1];
  };
  const p50Ms = await Promise.race([ping(), failed, sleep(5000, null)]);
  socket.destroy();
  return { p50Ms };
}

if (what === 'echo') {
  echo();
} else {
  process.stdout.write(JSON.stringify({ udp: await datagrams(), tcp: await stream() }));
  process.exit(0);
}
