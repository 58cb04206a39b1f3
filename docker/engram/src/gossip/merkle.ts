/**
 * Merkle tree over the memories of a space (Merkle 1987; as used by Dynamo, section 4.7). Leaves are
 * 4096 buckets of memories, inner nodes have 16 children, so two replicas find what differs in
 * three rounds whatever their size. A bucket is the sum of its entries' hashes, which makes an
 * update O(1); an inner node is hashed from its children when somebody asks. Buckets take memory
 * in blocks, as they come into use: most spaces are small.
 */

export const fanout = 16;
export const depth = 3;
export const buckets = fanout ** depth;

/** 53-bit hash of text: two multiply-xor lanes over the same pass. */
export function hashText(text: string): number {
  return hashTexts([text]);
}

/** Of several texts as if they were one, which costs more to make than to hash. */
export function hashTexts(texts: readonly string[]): number {
  let low = 0xdeadbeef;
  let high = 0x41c6ce57;
  for (let part = 0; part < texts.length; part++) {
    const text = texts[part];
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      low = Math.imul(low ^ unit, 0x9e3779b1);
      high = Math.imul(high ^ unit, 0x5f356495);
    }
  }
  return finish(low, high);
}

/** 53 bits, each of which depends on every bit of the two lanes. */
function finish(lowLane: number, highLane: number): number {
  let [low, high] = [lowLane, highLane];
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  return 2 ** 21 * (high >>> 0) + ((low >>> 0) & 0x1fffff);
}

const modulus = 2 ** 53;

function addModulo(left: number, right: number): number {
  // Both are below 2^53 and the sum would lose bits above it.
  return left >= modulus - right ? left - (modulus - right) : left + right;
}

function subtractModulo(left: number, right: number): number {
  return left >= right ? left - right : left + (modulus - right);
}

/** The bucket of a memory. */
export function bucketOf(id: string): number {
  return hashText(id) % buckets;
}

/** An array of doubles from the beginning; small typed arrays cost a microsecond each to make. */
const emptyBlock = Array.from({ length: fanout }, () => 0.5).fill(0);

export class MerkleTree {
  /** Inner nodes; level 0 is the root. */
  readonly #levels: Float64Array[] = [];
  readonly #stale: Uint8Array[] = [];
  /** The children of each node of the lowest inner level; absent while all are empty. */
  readonly #blocks: (number[] | undefined)[] = [];
  /** As text, of when it was asked for last. */
  #root = '';

  constructor() {
    for (let level = 0; level < depth; level++) {
      this.#levels.push(new Float64Array(fanout ** level));
      this.#stale.push(new Uint8Array(fanout ** level).fill(1));
    }
  }

  /** Replaces an entry's hash; 0 stands for "no entry". */
  update(id: string, before: number, after: number): void {
    let index = bucketOf(id);
    const block = (this.#blocks[Math.floor(index / fanout)] ??= emptyBlock.slice());
    const place = index % fanout;
    block[place] = addModulo(subtractModulo(block[place], before), after);
    for (let level = depth - 1; level >= 0; level--) {
      index = Math.floor(index / fanout);
      if (this.#stale[level][index] === 1) return;
      this.#stale[level][index] = 1;
    }
  }

  /** Hash of the node `index` of `level` (0 = root). */
  node(level: number, index: number): number {
    if (level === depth) return this.#blocks[Math.floor(index / fanout)]?.[index % fanout] ?? 0;
    const hashes = this.#levels[level];
    if (this.#stale[level][index] === 1) {
      const block = level === depth - 1 ? (this.#blocks[index] ?? emptyBlock) : null;
      let low = 0xdeadbeef;
      let high = 0x41c6ce57;
      for (let child = 0; child < fanout; child++) {
        const hash = block?.[child] ?? this.node(level + 1, index * fanout + child);
        // Both halves into both lanes; after each multiplication its upper bits come down again.
        const lower = hash | 0;
        const upper = (hash / 2 ** 32) | 0;
        low = Math.imul(low ^ lower, 0x9e3779b1);
        low = Math.imul(low ^ (low >>> 15) ^ upper, 0x85ebca6b);
        high = Math.imul(high ^ upper, 0x5f356495);
        high = Math.imul(high ^ (high >>> 15) ^ lower, 0xc2b2ae35);
      }
      hashes[index] = finish(low, high);
      this.#stale[level][index] = 0;
    }
    return hashes[index];
  }

  /** Hashes of the children of a node. */
  children(level: number, index: number): number[] {
    return Array.from({ length: fanout }, (_, child) =>
      this.node(level + 1, index * fanout + child),
    );
  }

  root(): string {
    if (this.#stale[0][0] === 1) this.#root = this.node(0, 0).toString(16).padStart(14, '0');
    return this.#root;
  }
}
