/**
 * A circuit breaker per peer (Nygard 2007): after three failures in a row, requests of clients no longer
 * go there, so that a peer that answers nobody costs nobody its deadline. Half open it is only for
 * the node's own probes; the first that succeeds closes it, and so does membership as soon as it says
 * that the peer is back. Pure.
 */

const failuresMax = 3;

export class Breakers {
  readonly #failures = new Map<string, number>();
  /** On purpose, see faults.ts: what opened stays open. */
  readonly #stuck: boolean;

  constructor(options: { readonly stuck: boolean } = { stuck: false }) {
    this.#stuck = options.stuck;
  }

  allows(peer: string): boolean {
    return (this.#failures.get(peer) ?? 0) < failuresMax;
  }

  succeeded(peer: string): void {
    if (this.#stuck && !this.allows(peer)) return;
    this.#failures.delete(peer);
  }

  /** Returns true where this failure opened it: then the peer is to be probed. */
  failed(peer: string): boolean {
    const failures = (this.#failures.get(peer) ?? 0) + 1;
    this.#failures.set(peer, failures);
    return failures === failuresMax;
  }
}
