/**
 * Datagrams by UDP. With a cluster key each one carries an HMAC, and others are counted and dropped.
 * Authentication only: contents are readable, and an old datagram may be played again.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import type { Address, Datagrams, Names } from './env.ts';

const macBytes = 16;

export class UdpDatagrams implements Datagrams {
  readonly #socket: Socket;
  readonly #key: string | null;
  readonly #names: Names;
  readonly counters = { sendErrors: 0, unauthenticated: 0 };

  private constructor(socket: Socket, key: string | null, names: Names) {
    this.#socket = socket;
    this.#key = key;
    this.#names = names;
  }

  /** Rejects where the port is taken. */
  static async bind(
    host: string,
    port: number,
    key: string | null,
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

  #mac(bytes: Uint8Array): Buffer {
    return createHmac('sha256', this.#key!).update(bytes).digest().subarray(0, macBytes);
  }

  send(to: Address, bytes: Uint8Array): void {
    const colon = to.lastIndexOf(':');
    const [address] = this.#names.addresses(to.slice(0, colon));
    const port = Number(to.slice(colon + 1));
    if (address === undefined || !(port > 0 && port < 65_536)) {
      this.counters.sendErrors++;
      return;
    }
    const sealed = this.#key === null ? bytes : Buffer.concat([this.#mac(bytes), bytes]);
    this.#socket.send(sealed, port, address, (error) => {
      if (error) this.counters.sendErrors++;
    });
  }

  receive(handler: (from: Address, bytes: Uint8Array) => void): void {
    this.#socket.on('message', (sealed, peer) => {
      const from = `${peer.address}:${peer.port}`;
      if (this.#key === null) return handler(from, sealed);
      const bytes = sealed.subarray(macBytes);
      const given = sealed.subarray(0, macBytes);
      if (given.length === macBytes && timingSafeEqual(given, this.#mac(bytes))) {
        handler(from, bytes);
      } else {
        this.counters.unauthenticated++;
      }
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}
