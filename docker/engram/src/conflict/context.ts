/**
 * The causal context as it travels in X-Engram-Context: base64url of
 * `{"v":{"n1.k3x9q":5},"d":{"n2.a8c1f":[7,9]},"t":[1700000000000,0],"r":0.9}`, `d` only where there is something in
 * it. Documented, so that a tester may look into it.
 */
import type { Context, Dots, VersionVector } from '../data.ts';
import { laterClock, zeroClock } from './clock.ts';
import { isEmptyDots, join, noDots } from './knowledge.ts';

/** Of no time and no rank: of a client that has seen nothing. */
export const emptyContext: Context = { v: {}, d: noDots, t: zeroClock, r: 0 };

/** Why a token was refused. The API answers 400 with the message. */
export class ContextError extends Error {
  readonly code: 'BAD' | 'TOO_LARGE';
  constructor(message: string, code: ContextError['code'] = 'BAD', options?: ErrorOptions) {
    super(message, options);
    this.name = 'ContextError';
    this.code = code;
  }
}

const actorsMax = 256;
const tokenBytesMax = 8192;
/** Counters beyond that are no counters: no node gives so many, and sums of them would be inexact. */
const counterMax = 2 ** 48;
/** As confidences, of which it is made. */
const rankMax = 1;
/** The end of the year 9999: what is later is no time. */
const clockMsMax = 253_402_300_799_999;
/** The dot keeps names like `constructor` out, which every object has. */
const actorPattern = /^[a-z0-9-]{1,32}\.[a-z0-9]{1,16}\+?$/;

/** Sessions send back what they got, mostly at once. Long tokens are not kept: they may be anybody's. */
const knownMax = 1024;
const knownLengthMax = 1024;
let known = new Map<string, Context>();

function remember(token: string, context: Context): void {
  if (token.length > knownLengthMax) return;
  if (known.size >= knownMax) known = new Map();
  known.set(token, context);
}

/** The last token of a vector: a space that is only read has the same one for every answer. */
const tokens = new WeakMap<Context['v'], { readonly context: Context; readonly token: string }>();

/** Every answer has one. Neither actors nor numbers need to be escaped. */
function jsonOf({ v, d, t, r }: Context): string {
  let entries = '';
  let before = '"';
  for (const actor in v) {
    entries += `${before}${actor}":${v[actor]}`;
    before = ',"';
  }
  const dots = isEmptyDots(d) ? '' : `"d":${JSON.stringify(d)},`;
  return `{"v":{${entries}},${dots}"t":[${t.ms},${t.counter}],"r":${r}}`;
}

/** A buffer of its own for each text would cost more than all the rest. */
const scratch = Buffer.alloc(4096);

function base64urlOf(ascii: string): string {
  if (ascii.length > scratch.length) return Buffer.from(ascii, 'latin1').toString('base64url');
  return scratch.toString('base64url', 0, scratch.write(ascii, 'latin1'));
}

export function encodeContext(context: Context): string {
  const last = tokens.get(context.v);
  if (last !== undefined && areSame(last.context, context)) return last.token;
  const token = base64urlOf(jsonOf(context));
  tokens.set(context.v, { context, token });
  remember(token, context);
  return token;
}

/** Of contexts of one vector. */
function areSame(left: Context, right: Context): boolean {
  const { d, t, r } = left;
  return d === right.d && t.ms === right.t.ms && t.counter === right.t.counter && r === right.r;
}

function isCounter(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= counterMax;
}

/** Throws ContextError. */
export function decodeContext(token: string): Context {
  const seen = known.get(token);
  if (seen !== undefined) return seen;
  const context = parseContext(token);
  remember(token, context);
  return context;
}

function parseContext(token: string): Context {
  if (token.length > tokenBytesMax) {
    throw new ContextError(`X-Engram-Context is longer than ${tokenBytesMax} bytes`, 'TOO_LARGE');
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch (cause) {
    throw new ContextError('X-Engram-Context is not base64url of JSON', 'BAD', { cause });
  }
  const { v, d, t, r } = (parsed ?? {}) as { v?: unknown; d?: unknown; t?: unknown; r?: unknown };
  const vector = vectorIn(v);
  const known = join({ v: vector, d: noDots }, { v: {}, d: dotsIn(d) });
  const actors = new Set([...Object.keys(known.v), ...Object.keys(known.d)]);
  if (actors.size > actorsMax) {
    throw new ContextError(`X-Engram-Context names more than ${actorsMax} actors`, 'TOO_LARGE');
  }
  const seen = { ...known, r: rankOf(r, actors.size > 0) };
  if (t === undefined) return { ...seen, t: zeroClock };
  const isClock = Array.isArray(t) && t.length === 2 && t.every(isCounter) && t[0] <= clockMsMax;
  if (!isClock) throw new ContextError('X-Engram-Context has a bad clock "t"; it is [ms, counter]');
  return { ...seen, t: { ms: t[0], counter: t[1] } };
}

function badActor(actor: string): ContextError {
  return new ContextError(`X-Engram-Context has a bad entry for actor "${actor.slice(0, 40)}"`);
}

/** Throws ContextError. */
function vectorIn(v: unknown): VersionVector {
  if (typeof v !== 'object' || v === null || Array.isArray(v)) {
    throw new ContextError('X-Engram-Context has no version vector "v"');
  }
  for (const [actor, counter] of Object.entries(v)) {
    if (!actorPattern.test(actor) || !isCounter(counter)) throw badActor(actor);
  }
  return v as VersionVector;
}

/** Throws ContextError. */
function dotsIn(d: unknown): Dots {
  if (d === undefined) return noDots;
  if (typeof d !== 'object' || d === null || Array.isArray(d)) {
    throw new ContextError('X-Engram-Context has bad single dots "d"; it is {actor: [counters]}');
  }
  for (const [actor, counters] of Object.entries(d)) {
    const good = Array.isArray(counters) && counters.every((each) => isCounter(each) && each > 0);
    if (!actorPattern.test(actor) || !good) throw badActor(actor);
  }
  return d as Dots;
}

/** Where nothing is said of it, what was seen may have any rank. Throws ContextError. */
function rankOf(r: unknown, hasSeen: boolean): number {
  if (r === undefined) return hasSeen ? rankMax : 0;
  if (typeof r === 'number' && r >= 0 && r <= rankMax) return r;
  throw new ContextError('X-Engram-Context has a bad rank "r"; it is a number from 0 to 1');
}

export function joinContexts(left: Context, right: Context): Context {
  return {
    ...join(left, right),
    t: laterClock(left.t, right.t),
    r: Math.max(left.r, right.r),
  };
}
