import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { ContextError, decodeContext, encodeContext, joinContexts } from './context.ts';

const token = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

describe('the context token', () => {
  it('is base64url of JSON as documented', () => {
    const t = { ms: 1700000000000, counter: 3 };
    const context = { v: { 'n1.k3x9q': 5, 'n2.00001+': 7 }, d: {}, t, r: 0.95 };
    const json = Buffer.from(encodeContext(context), 'base64url').toString('utf8');
    expect(JSON.parse(json)).toEqual({
      v: { 'n1.k3x9q': 5, 'n2.00001+': 7 },
      t: [1700000000000, 3],
      r: 0.95,
    });
    expect(decodeContext(encodeContext(context))).toEqual(context);
  });

  it('is one for any number of actors', () => {
    const v: Record<string, number> = {};
    for (let count = 0; count <= 200; count += 20) {
      while (Object.keys(v).length < count) v[`n${Object.keys(v).length}.life`] = count;
      const context = { v: { ...v }, d: {}, t: { ms: 1, counter: 2 }, r: 0.5 };
      const json = Buffer.from(encodeContext(context), 'base64url').toString('utf8');
      expect(json).toBe(JSON.stringify({ v, t: [1, 2], r: 0.5 }));
    }
  });

  it('takes a context that has seen nothing', () => {
    expect(decodeContext(token({ v: {} }))).toEqual({
      v: {},
      d: {},
      t: { ms: 0, counter: 0 },
      r: 0,
    });
  });

  it('takes one that does not say how high the rank is of what was seen: it may be the highest', () => {
    const v = { 'n1.k3x9q': 5 };
    expect(decodeContext(token({ v, t: [1, 2] }))).toMatchObject({
      v,
      t: { ms: 1, counter: 2 },
      r: 1,
    });
    expect(decodeContext(token({ v }))).toMatchObject({ r: 1 });
    expect(decodeContext(token({ v, r: 0.25 }))).toMatchObject({ r: 0.25 });
  });

  it('is another one for the same vector with another clock or rank', () => {
    const v = { 'n1.k3x9q': 5 };
    const d = {};
    const contexts = [
      { v, d, t: { ms: 1, counter: 0 }, r: 0.5 },
      { v, d, t: { ms: 1, counter: 1 }, r: 0.5 },
      { v, d, t: { ms: 1, counter: 1 }, r: 0.75 },
    ];
    const sent = contexts.map(encodeContext);
    expect(new Set(sent).size).toBe(3);
    expect(sent.map(decodeContext)).toEqual(contexts);
    const joined = joinContexts(contexts[2], {
      v: { 'n2.aaaaa': 1 },
      d: {},
      t: { ms: 9, counter: 0 },
      r: 0,
    });
    expect(joined).toEqual({
      d: {},
      v: { ...v, 'n2.aaaaa': 1 },
      t: { ms: 9, counter: 0 },
      r: 0.75,
    });
  });

  it('names single writes beside the vector, and takes those that follow on it for a part of it', () => {
    const known = decodeContext(
      token({ v: { 'n1.aaaaa': 2 }, d: { 'n1.aaaaa': [3, 5, 5], 'n2.b': [4] } }),
    );
    expect(known).toMatchObject({ v: { 'n1.aaaaa': 3 }, d: { 'n1.aaaaa': [5], 'n2.b': [4] } });
    expect(decodeContext(encodeContext(known))).toEqual(known);
  });

  it('is refused as too large where it names too many actors or is too long', () => {
    const v = Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`n${i}.a`, 1]));
    const d = { 'n1.aaaaa': Array.from({ length: 4000 }, (_, i) => 2 * i + 2) };
    for (const large of [token({ v }), token({ v: {}, d })]) {
      expect(() => decodeContext(large)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
    }
  });

  const bad: readonly [string, string][] = [
    ['nothing', ''],
    ['no JSON', token('hello')],
    ['null', token('null')],
    ['a list', token([1])],
    ['no vector', token({ t: [1, 2] })],
    ['a vector that is a list', token({ v: [1], t: [1, 2] })],
    ['a negative counter', token({ v: { 'n1.aaaaa': -1 }, t: [1, 2] })],
    ['a counter that is no whole number', token({ v: { 'n1.aaaaa': 1.5 }, t: [1, 2] })],
    ['a counter that is a text', token({ v: { 'n1.aaaaa': '1' }, t: [1, 2] })],
    ['an actor that every object has', token({ v: { constructor: 1 }, t: [1, 2] })],
    ['an actor with a strange name', token({ v: { 'n1.<b>': 1 }, t: [1, 2] })],
    ['half a clock', token({ v: {}, t: [1] })],
    ['a rank above the highest', token({ v: {}, r: 1.5 })],
    ['a negative rank', token({ v: {}, r: -0.5 })],
    ['a rank that is a text', token({ v: {}, r: '1' })],
    ['single dots that are a list', token({ v: {}, d: [1] })],
    ['single dots of a strange actor', token({ v: {}, d: { constructor: [1] } })],
    ['a single dot that is no counter', token({ v: {}, d: { 'n1.aaaaa': [0] } })],
    ['a counter that no node has reached', token({ v: { 'n1.aaaaa': 2 ** 52 } })],
    ['a clock beyond all calendars', token({ v: {}, t: [9e15, 0] })],
  ];
  for (const [what, text] of bad) {
    it(`refuses ${what}`, () => {
      expect(() => decodeContext(text)).toThrow(ContextError);
    });
  }

  test.prop([fc.string()])('refuses or reads any text, and never fails otherwise', (text) => {
    try {
      decodeContext(text);
    } catch (error) {
      expect(error).toBeInstanceOf(ContextError);
    }
  });
});
