/**
 * A circuit breaker per peer (Nygard 2007): after three failures in a row calls fail at once for a while,
 * then one is let through. Membership closes it as soon as it says that the peer is back. Pure.
 */

const failuresMax = 3;
const openMs = 300;

interface Circuit {
  failures: number;
  openUntilMs: number;
}

export class Breakers {
  readonly #circuits = new Map<string, Circuit>();

  allows(peer: string, nowMs: number): boolean {
    const circuit = this.#circuits.get(peer);
    if (!circuit || circuit.failures < failuresMax || nowMs >= circuit.openUntilMs) return true;
    return false;
  }

  succeeded(peer: string): void {
    this.#circuits.delete(peer);
  }

  failed(peer: string, nowMs: number): void {
    const circuit = this.#circuits.get(peer) ?? { failures: 0, openUntilMs: 0 };
    circuit.failures++;
    circuit.openUntilMs = nowMs + openMs;
    this.#circuits.set(peer, circuit);
  }
}
