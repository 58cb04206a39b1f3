/**
 * Datagrams by UDP. With a cluster key each one is sealed (cluster-key.ts), and others are counted and dropped: what
 * is foreign, and what was played again. Authentication only: contents are readable.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { ClusterKey } from './cluster-key.ts';
import type { Address, Datagrams, Names } from './env.ts';

export class UdpDatagrams implements Datagrams {
  readonly #socket: Socket;
  readonly #key: ClusterKey | null;
  readonly #names: Names;
  readonly counters = { sendErrors: 0, unauthenticated: 0 };

  private constructor(socket: Socket, key: ClusterKey | null, names: Names) {
    this.#socket = socket;
    this.#key = key;
    this.#names = names;
  }

  /** Rejects where the port is taken. */
  static async bind(
    host: string,
    port: number,
    key: ClusterKey | null,
    names: Names,
  ): Promise<UdpDatagrams> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, host, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    const datagrams = new UdpDatagrams(socket, key, names);
    // A peer that is gone makes later sends fail; SWIM finds out by itself.
    socket.on('error', () => datagrams.counters.sendErrors++);
    return datagrams;
  }

  send(to: Address, bytes: Uint8Array): void {
    const colon = to.lastIndexOf(':');
    const [address] = this.#names.addresses(to.slice(0, colon));
    const port = Number(to.slice(colon + 1));
    if (address === undefined || !(port > 0 && port < 65_536)) {
      this.counters.sendErrors++;
      return;
    }
    const sealed = this.#key?.seal(bytes) ?? bytes;
    this.#socket.send(sealed, port, address, (error) => {
      if (error) this.counters.sendErrors++;
    });
  }

  receive(handler: (from: Address, bytes: Uint8Array) => void): void {
    this.#socket.on('message', (sealed, peer) => {
      const from = `${peer.address}:${peer.port}`;
      if (this.#key === null) return handler(from, sealed);
      const bytes = this.#key.open(sealed);
      if (bytes !== null) handler(from, bytes);
      else this.counters.unauthenticated++;
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}
