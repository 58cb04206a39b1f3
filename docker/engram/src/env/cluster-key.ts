/**
 * Who belongs to the cluster: a secret that all nodes share authenticates what they send each other. Signed is with the
 * first key, accepted are two, so that a key can be changed without a stop. A signature covers the life of its sender
 * and a counter, and each is accepted once: what was recorded cannot be played again. Clocks play no part.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const macBytes = 16;
const lifeBytes = 6;
const counterBytes = 6;
/** What a sealed datagram has besides its content. */
const sealBytes = macBytes + lifeBytes + counterBytes;
/** Out of order by so much is still in time. */
const windowSize = 4096;
const livesMax = 16_384;

/** Counters of one life that were seen: the highest, and those closely below it. */
class Window {
  #highest = -1;
  readonly #seen = new Set<number>();

  /** False where the counter was seen, or is too old for anybody to know. */
  take(counter: number): boolean {
    if (counter <= this.#highest - windowSize || this.#seen.has(counter)) return false;
    this.#seen.add(counter);
    if (counter > this.#highest) {
      this.#highest = counter;
      if (this.#seen.size > 2 * windowSize) {
        for (const each of this.#seen) {
          if (each <= this.#highest - windowSize) this.#seen.delete(each);
        }
      }
    }
    return true;
  }
}

export class ClusterKey {
  readonly #keys: readonly string[];
  readonly #windows = new Map<string, Window>();
  /** Of this process; whoever calls it signs for it, so that nothing recorded outlives a restart. */
  readonly life = randomBytes(lifeBytes).toString('hex');
  #counter = 0;

  /** The first key signs, all are accepted. */
  constructor(keys: readonly [string, ...string[]]) {
    this.#keys = keys;
  }

  /** The next counter of this life. */
  next(): number {
    return ++this.#counter;
  }

  mac(...parts: readonly (string | Uint8Array)[]): string {
    return macOf(this.#keys[0], parts).toString('base64url');
  }

  isMac(given: string, ...parts: readonly (string | Uint8Array)[]): boolean {
    const bytes = Buffer.from(given, 'base64url');
    return this.#keys.some((key) => isEqual(bytes, macOf(key, parts)));
  }

  /** Whether a counter of a life comes for the first time. */
  isFresh(life: string, counter: number): boolean {
    let window = this.#windows.get(life);
    if (!window) {
      const [oldest] = this.#windows.keys();
      if (this.#windows.size >= livesMax && oldest !== undefined) this.#windows.delete(oldest);
      this.#windows.set(life, (window = new Window()));
    }
    return window.take(counter);
  }

  seal(bytes: Uint8Array): Uint8Array {
    const head = Buffer.alloc(lifeBytes + counterBytes);
    head.write(this.life, 'hex');
    head.writeUIntBE(this.next(), lifeBytes, counterBytes);
    return Buffer.concat([macOf(this.#keys[0], [head, bytes]), head, bytes]);
  }

  /** The content of a sealed datagram; null where it is foreign or was here before. */
  open(sealed: Uint8Array): Uint8Array | null {
    if (sealed.length < sealBytes) return null;
    const given = Buffer.from(sealed.subarray(0, macBytes));
    const head = Buffer.from(sealed.subarray(macBytes, sealBytes));
    const bytes = sealed.subarray(sealBytes);
    if (!this.#keys.some((key) => isEqual(given, macOf(key, [head, bytes])))) return null;
    const life = head.subarray(0, lifeBytes).toString('hex');
    return this.isFresh(life, head.readUIntBE(lifeBytes, counterBytes)) ? bytes : null;
  }
}

function macOf(key: string, parts: readonly (string | Uint8Array)[]): Buffer {
  const hmac = createHmac('sha256', key);
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    // With its length, so that no two lists of parts are one text.
    hmac.update(`${bytes.length}:`).update(bytes);
  }
  return hmac.digest().subarray(0, macBytes);
}

/** In constant time. */
function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Whether a text is one of several, in a time that says nothing of how much of it is right. */
export function isOneOf(given: string, accepted: readonly string[]): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const asked = digest(given);
  let found = false;
  for (const each of accepted) found = timingSafeEqual(asked, digest(each)) || found;
  return found;
}
