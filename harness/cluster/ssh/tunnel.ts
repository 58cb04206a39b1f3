/** Ports of hosts that only a jump host reaches: a listener on this machine's loopback for each. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { SshConnection } from './connection.ts';

export interface Tunnel {
  readonly port: number;
  close(): void;
}

/** Every connection to it goes to `host` and `port` as the jump host knows them. */
export async function openTunnel(
  through: SshConnection,
  host: string,
  port: number,
): Promise<Tunnel> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    through.forward(host, port).then(
      (stream) => {
        stream.on('error', () => socket.destroy());
        stream.on('close', () => socket.destroy());
        socket.on('close', () => stream.destroy());
        socket.pipe(stream).pipe(socket);
      },
      // Nobody listens there, or the jump host is gone: the client sees a broken connection.
      () => socket.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}
