/**
 * Host names by the system's resolver (DNS A, /etc/hosts), looked up in the background and
 * kept: who asks gets what is known by now. One look-up at a time: they occupy the threads that files are
 * written with, and an unresolvable name occupies one for seconds.
 */
import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Log, Names } from './env.ts';

const refreshMs = 5000;
const retryMs = 1000;
const hostsMax = 256;

interface Entry {
  addresses: readonly string[];
  dueMs: number;
  failing: boolean;
}

export type Resolve = (host: string) => Promise<readonly string[]>;

async function systemResolve(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true, family: 4 });
  return found.map(({ address }) => address).sort();
}

export class NameBook implements Names {
  readonly #log: Log;
  readonly #resolve: Resolve;
  readonly #nowMs: () => number;
  readonly #entries = new Map<string, Entry>();
  readonly #wanted = new Set<string>();
  #busy = false;

  constructor(
    log: Log,
    resolve: Resolve = systemResolve,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#log = log;
    this.#resolve = resolve;
    this.#nowMs = nowMs;
  }

  addresses(host: string): readonly string[] {
    if (isIPv4(host)) return [host];
    let entry = this.#entries.get(host);
    if (!entry) {
      if (this.#entries.size >= hostsMax) return [];
      entry = { addresses: [], dueMs: 0, failing: false };
      this.#entries.set(host, entry);
    }
    if (this.#nowMs() >= entry.dueMs) {
      this.#wanted.add(host);
      if (!this.#busy) void this.#work();
    }
    return entry.addresses;
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (const host of this.#wanted) {
      const entry = this.#entries.get(host)!;
      try {
        entry.addresses = await this.#resolve(host);
        if (entry.failing) this.#log('info', 'names.resolved', { host });
        entry.failing = false;
        entry.dueMs = this.#nowMs() + refreshMs;
      } catch (error) {
        // What was known stays: a broken resolver must not tear a cluster apart.
        if (!entry.failing) this.#log('warn', 'names.unresolved', { host, reason: String(error) });
        entry.failing = true;
        entry.dueMs = this.#nowMs() + retryMs;
      }
      this.#wanted.delete(host);
    }
    this.#busy = false;
  }
}
