import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EdnError, EdnReader, writeEdn } from './edn.ts';
import { findJsonError } from './json-error.ts';

const read = (text: string): unknown => new EdnReader(text).form();

describe('the EDN reader', () => {
  it.each([
    ['nil', null],
    ['true', true],
    ['[1 -2 +3, 4]', [1, -2, 3, 4]],
    ['1.5', 1.5],
    ['1.0', { $num: '1.0' }],
    ['10000000000000000000', { $num: '10000000000000000000' }],
    ['5N', { $num: '5N' }],
    ['1/2', { $num: '1/2' }],
    ['##Inf', { $num: '##Inf' }],
    [':a/b', { $kw: 'a/b' }],
    ['sym', { $sym: 'sym' }],
    ['\\newline', { $char: '\n' }],
    ['\\(', { $char: '(' }],
    ['\\u0041', { $char: 'A' }],
    ['"a\\n\\"\\u00e9"', 'a\n"é'],
    ['#{1 2}', { $set: [1, 2] }],
    ['(1 [2])', { $list: [1, [2]] }],
    ['{:a 1, :b {:c []}}', { a: 1, b: { c: [] } }],
    ['{"a" 1}', { $map: [['a', 1]] }],
    ['#inst "2020"', { $tag: ['inst', '2020'] }],
    ['#jepsen.history.Op{:f :read}', { $tag: ['jepsen.history.Op', { f: { $kw: 'read' } }] }],
    ['; a comment\n #_ [left out] 7', 7],
  ])('reads %s', (text, value) => {
    expect(read(text)).toEqual(value);
  });

  it.each([
    ['[1 2', 0, 'never closed'],
    ['"abc', 0, 'never closed'],
    ['{:a}', 0, 'key without a value'],
    ['{:a 1 :a 2}', 0, 'one key twice'],
    ['[1 ) 2]', 3, 'closes nothing'],
    ['12ab', 0, 'no number'],
    ['"\\q"', 1, 'means nothing'],
    ['\\abc', 0, 'no character'],
    ['', 0, 'missing at the end'],
    ['['.repeat(300), 200, 'nested deeper'],
  ])('refuses %s and says where', (text, at, sentence) => {
    try {
      read(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(EdnError);
      expect((error as EdnError).message).toContain(sentence);
      expect((error as EdnError).at).toBe(at);
    }
  });

  it('reads what the writer writes, for every value', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,6}$/);
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) => !Number.isInteger(x)),
        fc.string({ unit: 'binary' }),
        word.map(($kw) => ({ $kw })),
        word.map(($sym) => ({ $sym: `s${$sym}` })),
        fc.constantFrom('1.0', '7N', '1/3', '##NaN', '1e9').map(($num) => ({ $num })),
        fc
          .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 })
          .map(($char) => ({ $char })),
        fc.array(tie('any')),
        fc.array(tie('any')).map(($set) => ({ $set })),
        fc.array(tie('any')).map(($list) => ({ $list })),
        fc.tuple(word, tie('any')).map(($tag) => ({ $tag })),
        fc.dictionary(word, tie('any')),
        fc.array(fc.tuple(fc.string(), tie('any')), { minLength: 1 }).map(($map) => ({ $map })),
      ),
    })).any;
    fc.assert(
      fc.property(value, (each) => {
        expect(read(writeEdn(each))).toEqual(each);
      }),
    );
  });
});

describe('the place where a text stops being JSON', () => {
  it('is where no change after it can help', () => {
    expect(findJsonError('{"a":1}')).toBeNull();
    expect(findJsonError('{"a" 1}')).toMatchObject({ at: 5 });
    expect(findJsonError('{"a":1,}')).toMatchObject({ at: 7 });
    expect(findJsonError('[1 2]')).toMatchObject({ at: 3 });
    expect(findJsonError('{"a":01}')).toMatchObject({ at: 6 });
    expect(findJsonError('{} x')).toMatchObject({ at: 3 });
    expect(findJsonError('"a')?.what).toContain('the text ends');
  });

  it('is found exactly when JSON.parse refuses', () => {
    const texts = fc.oneof(
      fc.json(),
      fc
        .tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', ',', '}', '0', '\\', ' '))
        .map(([json, at, instead]) => {
          const cut = at % (json.length + 1);
          return json.slice(0, cut) + instead + json.slice(cut + 1);
        }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        expect(findJsonError(text) === null).toBe(valid);
      }),
      { numRuns: 2000 },
    );
  });
});
