import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TcpConnection } from './tcp.ts';

let server: Server;
let sockets: Socket[];
let onLine: (line: string, socket: Socket) => void;

beforeEach(async () => {
  sockets = [];
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => onLine(bytes.toString(), socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

function connection(timeoutMs = 2000): TcpConnection<string> {
  const { port } = server.address() as AddressInfo;
  return new TcpConnection({
    host: '127.0.0.1',
    port,
    timeoutMs,
    cut: (bytes) => {
      const end = bytes.indexOf('\n');
      if (bytes[0] === 0x21) throw new Error('no such protocol');
      return end < 0 ? null : { message: bytes.toString('utf8', 0, end), length: end + 1 };
    },
  });
}

test('an answer that comes in pieces is one answer', async () => {
  onLine = (_, socket) => {
    socket.write('ab');
    setTimeout(() => socket.write('c\n'), 20);
  };
  const tcp = connection();
  expect(await tcp.request('x\n')).toBe('abc');
  await tcp.close();
});

test('a late answer meets nobody: the next request goes over another connection', async () => {
  onLine = (line, socket) => {
    if (line === 'slow\n') setTimeout(() => socket.write('late\n'), 150);
    else socket.write('quick\n');
  };
  const tcp = connection(60);
  await expect(tcp.request('slow\n')).rejects.toMatchObject({ code: 'timeout' });
  expect(await tcp.request('q\n')).toBe('quick');
  expect(sockets).toHaveLength(2);
  await tcp.close();
});

test('a connection that breaks in the middle is told, and made anew', async () => {
  onLine = (_, socket) => socket.destroy();
  const tcp = connection();
  await expect(tcp.request('x\n')).rejects.toMatchObject({ code: 'reset' });
  onLine = (_, socket) => socket.write('there\n');
  expect(await tcp.request('x\n')).toBe('there');
  await tcp.close();
});

test('nobody who listens is a refusal: nothing was sent', async () => {
  const tcp = connection();
  await new Promise((resolve) => server.close(resolve));
  await expect(tcp.request('x\n')).rejects.toMatchObject({ code: 'refused' });
});

test('another protocol is malformed', async () => {
  onLine = (_, socket) => socket.write('!\n');
  const tcp = connection();
  await expect(tcp.request('x\n')).rejects.toMatchObject({ code: 'malformed' });
  await tcp.close();
});
