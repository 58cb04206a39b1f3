/**
 * The causal contexts of one client thread, one for each memory space. A successor process takes them
 * over from the retired one: it inherits what was done and seen, and an indeterminate operation
 * never entered them.
 *
 * A token is documented as base64url of `{"v":{actor:counter},"d":{actor:[counter]},"t":[ms,counter],"r":rank}`,
 * so two of them can be joined here: what a session has seen never shrinks, whichever server it talks to. A counter
 * in `d` stands for that one write, one in `v` for all up to it.
 */

type Dots = Readonly<Record<string, readonly number[]>>;

const noDots: Dots = {};

interface Held {
  readonly token: string;
  readonly v: Readonly<Record<string, number>>;
  readonly d: Dots;
  readonly t: readonly [number, number];
  /** Servers need not say it. */
  readonly r: number | undefined;
}

function encode(v: Held['v'], d: Dots, t: Held['t'], r: Held['r']): Held {
  const single = Object.keys(d).length > 0 ? { d } : {};
  const token = Buffer.from(JSON.stringify({ v, ...single, t, r })).toString('base64url');
  return { token, v, d, t, r };
}

/** Of a token that fits, the JSON is made here: a buffer of its own would cost more than its parsing. */
const scratch = Buffer.alloc(4096);

function textOf(token: string): string {
  if (token.length > scratch.length) return Buffer.from(token, 'base64url').toString('utf8');
  return scratch.toString('utf8', 0, scratch.write(token, 'base64url'));
}

/** Null where the token is not as documented: then it is passed back as it is. */
function parse(token: string): Held | null {
  try {
    const { v, d = noDots, t, r } = JSON.parse(textOf(token)) as Held;
    if (typeof v !== 'object' || v === null || !Array.isArray(t)) return null;
    return { token, v, d, t, r: typeof r === 'number' ? r : undefined };
  } catch {
    return null;
  }
}

/** The version vector of a token; null where it is not as documented. */
export function vectorOf(token: string): Readonly<Record<string, number>> | null {
  return decode(token)?.v ?? null;
}

function coversDot({ v, d }: Held, actor: string, counter: number): boolean {
  return (v[actor] ?? 0) >= counter || (d[actor]?.includes(counter) ?? false);
}

function covers(left: Held, right: Held): boolean {
  for (const actor in right.v) if ((left.v[actor] ?? 0) < right.v[actor]) return false;
  for (const actor in right.d) {
    if (right.d[actor].some((counter) => !coversDot(left, actor, counter))) return false;
  }
  return left.t[0] > right.t[0] || (left.t[0] === right.t[0] && left.t[1] >= right.t[1]);
}

function join(left: Held, right: Held): Held {
  const v: Record<string, number> = { ...left.v };
  for (const actor in right.v) v[actor] = Math.max(v[actor] ?? 0, right.v[actor]);
  const later = left.t[0] - right.t[0] || left.t[1] - right.t[1];
  // Of two of which one says nothing, nothing is known.
  const isRanked = left.r !== undefined && right.r !== undefined;
  const r = isRanked ? Math.max(left.r, right.r) : undefined;
  return encode(v, joinedDots(v, left.d, right.d), later >= 0 ? left.t : right.t, r);
}

/** Those of both that the joined vector does not cover. */
function joinedDots(v: Held['v'], left: Dots, right: Dots): Dots {
  const joined: Record<string, number[]> = {};
  for (const actor of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const counters = new Set([...(left[actor] ?? []), ...(right[actor] ?? [])]);
    const beyond = [...counters].filter((counter) => counter > (v[actor] ?? 0));
    if (beyond.length > 0) joined[actor] = beyond.sort((a, b) => a - b);
  }
  return joined;
}

/** Says "I have seen nothing", so that every write supersedes exactly what its session has seen. */
const nothingSeen = encode({}, noDots, [0, 0], undefined);

/** Sessions see the same few tokens again and again. */
const decodedMax = 4096;
let decoded = new Map<string, Held | null>();

function decode(token: string): Held | null {
  const known = decoded.get(token);
  if (known !== undefined) return known;
  if (decoded.size >= decodedMax) decoded = new Map();
  const held = parse(token);
  decoded.set(token, held);
  return held;
}

export class SessionContexts {
  readonly #bySpace = new Map<string, Held>();

  /** The token to send with a request to `space`. */
  token(space: string): string {
    return (this.#bySpace.get(space) ?? nothingSeen).token;
  }

  /** Takes in the token of an answer. */
  learn(space: string, token: string): void {
    const before = this.#bySpace.get(space);
    if (before?.token === token) return;
    const seen = decode(token) ?? { token, v: {}, d: noDots, t: [0, 0] as const, r: undefined };
    if (!before || covers(seen, before)) this.#bySpace.set(space, seen);
    else if (!covers(before, seen)) this.#bySpace.set(space, join(before, seen));
  }
}
