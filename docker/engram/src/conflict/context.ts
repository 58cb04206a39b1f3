/**
 * The causal context as it travels in X-Engram-Context: base64url of
 * `{"v":{"n1.k3x9q":5},"t":[1700000000000,0],"r":0.9}`. Documented, so that a tester may look into it.
 */
import type { Context } from '../data.ts';
import { laterClock, zeroClock } from './clock.ts';
import { join } from './vector.ts';

/** Of no time and no rank: of a client that has seen nothing. */
export const emptyContext: Context = { v: {}, t: zeroClock, r: 0 };

/** Why a token was refused. The API answers 400 with the message. */
export class ContextError extends Error {
  readonly code = 'BAD_CONTEXT';
}

const maxActors = 4096;
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
function jsonOf({ v, t, r }: Context): string {
  let entries = '';
  let before = '"';
  for (const actor in v) {
    entries += `${before}${actor}":${v[actor]}`;
    before = ',"';
  }
  return `{"v":{${entries}},"t":[${t.ms},${t.counter}],"r":${r}}`;
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
  const { t, r } = left;
  return t.ms === right.t.ms && t.counter === right.t.counter && r === right.r;
}

function isCounter(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
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
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch (cause) {
    throw new ContextError('X-Engram-Context is not base64url of JSON', { cause });
  }
  const { v, t, r } = (parsed ?? {}) as { v?: unknown; t?: unknown; r?: unknown };
  if (typeof v !== 'object' || v === null || Array.isArray(v)) {
    throw new ContextError('X-Engram-Context has no version vector "v"');
  }
  const entries = Object.entries(v);
  if (entries.length > maxActors) {
    throw new ContextError(`X-Engram-Context names more than ${maxActors} actors`);
  }
  for (const [actor, counter] of entries) {
    if (!actorPattern.test(actor) || !isCounter(counter)) {
      throw new ContextError(`X-Engram-Context has a bad entry for actor "${actor.slice(0, 40)}"`);
    }
  }
  const seen = { v: v as Record<string, number>, r: rankOf(r, entries.length > 0) };
  if (t === undefined) return { ...seen, t: zeroClock };
  if (
    !Array.isArray(t) ||
    t.length !== 2 ||
    !isCounter(t[0]) ||
    !isCounter(t[1]) ||
    t[0] > clockMsMax
  ) {
    throw new ContextError('X-Engram-Context has a bad clock "t"; it is [ms, counter]');
  }
  return { ...seen, t: { ms: t[0], counter: t[1] } };
}

/** Where nothing is said of it, what was seen may have any rank. Throws ContextError. */
function rankOf(r: unknown, hasSeen: boolean): number {
  if (r === undefined) return hasSeen ? rankMax : 0;
  if (typeof r === 'number' && r >= 0 && r <= rankMax) return r;
  throw new ContextError('X-Engram-Context has a bad rank "r"; it is a number from 0 to 1');
}

export function joinContexts(left: Context, right: Context): Context {
  return {
    v: join(left.v, right.v),
    t: laterClock(left.t, right.t),
    r: Math.max(left.r, right.r),
  };
}
