/**
 * EDN, as far as histories need it: everything of https://github.com/edn-format/edn. Values are
 * read into JSON values; what JSON has no form for becomes an object with one key that begins with
 * `$`, so that it can be stored, compared and written back as it was:
 *
 *   :word {"$kw":"word"}   sym {"$sym":"sym"}   \a {"$char":"a"}
 *   #{1} {"$set":[1]}   (1) {"$list":[1]}   #tag v {"$tag":["tag",v]}
 *   1.0 {"$num":"1.0"}   1/2 {"$num":"1/2"}   10N {"$num":"10N"}
 *   {:a 1} {"a":1}   {"a" 1} {"$map":[["a",1]]}
 */

/** What stands at `at` is no EDN; `ended`: it might become EDN if more text followed. */
export class EdnError extends Error {
  readonly at: number;
  readonly ended: boolean;
  constructor(at: number, what: string, ended = false) {
    super(what);
    this.name = 'EdnError';
    this.at = at;
    this.ended = ended;
  }
}

/** Deeper nesting is refused rather than left to the stack. */
const DEPTH_MAX = 200;
const DELIMITER = /[\s,()[\]{}";]/;
const INTEGER = /^[+-]?\d+$/;
const NUMBER = /^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?[MN]?$|^[+-]?\d+\/\d+$/;
/** Keywords that stand as they are as keys of an object; the others make a `$map`. */
const PLAIN_KEY = /^(?!__proto__$)[A-Za-z*+!_?<>=&%./-][\w*+!?<>=&%./#:-]*$/;
const NAMED_CHARACTERS: Readonly<Record<string, string>> = {
  newline: '\n',
  return: '\r',
  space: ' ',
  tab: '\t',
  formfeed: '\f',
  backspace: '\b',
};
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  f: '\f',
  b: '\b',
  '"': '"',
  '\\': '\\',
  '/': '/',
};

/** Reads one form after the other from a text. */
export class EdnReader {
  readonly #text: string;
  at: number;
  #depth = 0;

  constructor(text: string, at = 0) {
    this.#text = text;
    this.at = at;
  }

  /** Skips space, commas, comments and `#_` forms. */
  skip(): void {
    const text = this.#text;
    for (;;) {
      const c = text.charCodeAt(this.at);
      if (c === 0x20 || c === 0x0a || c === 0x2c || c === 0x0d || c === 0x09 || c === 0x0c)
        this.at++;
      else if (c === 0x3b) {
        const end = text.indexOf('\n', this.at);
        this.at = end === -1 ? text.length : end + 1;
      } else if (c === 0x23 && text.charCodeAt(this.at + 1) === 0x5f) {
        this.at += 2;
        this.form();
      } else return;
    }
  }

  get done(): boolean {
    return this.at >= this.#text.length;
  }

  /** Character that comes next, '' at the end. */
  get next(): string {
    return this.#text[this.at] ?? '';
  }

  /** The next form. Throws EdnError. */
  form(): unknown {
    this.skip();
    if (this.done) throw new EdnError(this.at, 'something is missing at the end', true);
    switch (this.next) {
      case '[':
        return this.#sequence(']');
      case '(':
        return { $list: this.#sequence(')') };
      case '{':
        return this.#map();
      case '"':
        return this.#string();
      case ':':
        return { $kw: this.#word(this.at + 1) };
      case '\\':
        return { $char: this.#character() };
      case '#':
        return this.#dispatch();
      case ']':
      case ')':
      case '}':
        throw new EdnError(this.at, `a ${this.next} closes nothing`);
      default:
        return this.#atom();
    }
  }

  #sequence(close: string): unknown[] {
    const opened = this.at++;
    if (++this.#depth > DEPTH_MAX) throw new EdnError(opened, `nested deeper than ${DEPTH_MAX}`);
    const items: unknown[] = [];
    for (;;) {
      this.skip();
      if (this.done) throw new EdnError(opened, `this is never closed by ${close}`, true);
      if (this.next === close) break;
      items.push(this.form());
    }
    this.at++;
    this.#depth--;
    return items;
  }

  #map(): unknown {
    const opened = this.at;
    const items = this.#sequence('}');
    if (items.length % 2 === 1) throw new EdnError(opened, 'this map has a key without a value');
    const pairs: [unknown, unknown][] = [];
    let plain = true;
    for (let i = 0; i < items.length; i += 2) {
      pairs.push([items[i], items[i + 1]]);
      const word = keywordOf(items[i]);
      if (word === null || !PLAIN_KEY.test(word)) plain = false;
    }
    if (!plain) return { $map: pairs };
    const map: Record<string, unknown> = {};
    for (const [key, value] of pairs) map[keywordOf(key)!] = value;
    if (Object.keys(map).length < pairs.length) {
      throw new EdnError(opened, 'this map has one key twice');
    }
    return map;
  }

  #string(): string {
    const opened = this.at++;
    let value = '';
    for (;;) {
      if (this.done) throw new EdnError(opened, 'this string is never closed by "', true);
      const c = this.#text[this.at++];
      if (c === '"') return value;
      if (c !== '\\') {
        value += c;
        continue;
      }
      const escaped = this.#text[this.at++] ?? '';
      const hex = this.#text.slice(this.at, this.at + 4);
      if (ESCAPES[escaped] !== undefined) value += ESCAPES[escaped];
      else if (escaped === 'u' && /^[0-9a-f]{4}$/i.test(hex)) {
        value += String.fromCharCode(Number.parseInt(hex, 16));
        this.at += 4;
      } else {
        const ended = this.at + 4 > this.#text.length;
        throw new EdnError(this.at - 2, `\\${escaped} means nothing in a string`, ended);
      }
    }
  }

  #word(from: number): string {
    let end = from;
    while (end < this.#text.length && !DELIMITER.test(this.#text[end])) end++;
    if (end === from) throw new EdnError(this.at, 'a name is missing', end === this.#text.length);
    this.at = end;
    return this.#text.slice(from, end);
  }

  #character(): string {
    const started = this.at;
    const first = this.#text[started + 1] ?? '';
    if (first === '') throw new EdnError(started, 'a character is missing', true);
    if (DELIMITER.test(first)) {
      this.at = started + 2;
      return first;
    }
    const word = this.#word(started + 1);
    if (word.length === 1) return word;
    const named = NAMED_CHARACTERS[word];
    if (named !== undefined) return named;
    if (/^u[0-9a-f]{4}$/i.test(word))
      return String.fromCharCode(Number.parseInt(word.slice(1), 16));
    throw new EdnError(started, `\\${word} is no character`);
  }

  #dispatch(): unknown {
    const started = this.at;
    if (this.#text[started + 1] === '{') {
      this.at++;
      return { $set: this.#sequence('}') };
    }
    if (this.#text[started + 1] === '#') {
      // ##Inf, ##-Inf, ##NaN
      return { $num: `##${this.#word(started + 2)}` };
    }
    const tag = this.#word(started + 1);
    if (++this.#depth > DEPTH_MAX) throw new EdnError(started, `nested deeper than ${DEPTH_MAX}`);
    const value = this.form();
    this.#depth--;
    return { $tag: [tag, value] };
  }

  #atom(): unknown {
    const started = this.at;
    const word = this.#word(started);
    if (word === 'nil') return null;
    if (word === 'true') return true;
    if (word === 'false') return false;
    if (INTEGER.test(word)) {
      const value = Number(word);
      return Number.isSafeInteger(value) ? value + 0 : { $num: word };
    }
    if (NUMBER.test(word)) {
      const value = Number(word);
      return String(value) === word && !Number.isInteger(value) ? value : { $num: word };
    }
    if (/^[+-]?\d/.test(word)) throw new EdnError(started, `${word} is no number`);
    return { $sym: word };
  }
}

/** The word of a keyword, null for anything else. */
export function keywordOf(value: unknown): string | null {
  const inner = tagged(value, '$kw');
  return typeof inner === 'string' ? inner : null;
}

/** What stands under the one key of a tagged value; undefined when it is none of that kind. */
export function tagged(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return key in value ? (value as Record<string, unknown>)[key] : undefined;
}

/** EDN text of a value as `EdnReader` gives it, or of any JSON value. */
export function writeEdn(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : writeFloat(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return writeString(value);
  if (Array.isArray(value)) return `[${value.map(writeEdn).join(' ')}]`;
  const entries = Object.entries(value as Record<string, unknown>);
  const [first] = entries;
  if (entries.length === 1 && first !== undefined && first[0].startsWith('$')) {
    const text = writeTagged(first[0], first[1]);
    if (text !== null) return text;
  }
  return `{${entries.map(([key, each]) => `${writeKey(key)} ${writeEdn(each)}`).join(', ')}}`;
}

function writeTagged(kind: string, inner: unknown): string | null {
  const items = Array.isArray(inner) ? inner.map(writeEdn) : null;
  const word = typeof inner === 'string' && inner !== '' && !DELIMITER.test(inner) ? inner : null;
  switch (kind) {
    case '$kw':
      return word && `:${word}`;
    case '$sym':
    case '$num':
      return word;
    case '$char':
      return writeCharacter(String(inner));
    case '$set':
      return items && `#{${items.join(' ')}}`;
    case '$list':
      return items && `(${items.join(' ')})`;
    case '$tag':
      return items && `#${(inner as unknown[])[0]} ${items[1]}`;
    case '$map':
      return (
        items &&
        `{${(inner as [unknown, unknown][]).map((pair) => pair.map(writeEdn).join(' ')).join(', ')}}`
      );
    default:
      return null;
  }
}

/** Keys are keywords; what cannot be one is a string. */
function writeKey(key: string): string {
  return PLAIN_KEY.test(key) ? `:${key}` : writeString(key);
}

function writeFloat(value: number): string {
  if (Number.isNaN(value)) return '##NaN';
  if (!Number.isFinite(value)) return value > 0 ? '##Inf' : '##-Inf';
  return String(value);
}

function writeString(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029]/g, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function writeCharacter(c: string): string {
  const named = Object.entries(NAMED_CHARACTERS).find(([, character]) => character === c);
  if (named !== undefined) return `\\${named[0]}`;
  const code = c.charCodeAt(0);
  const plain = code > 0x20 && code < 0x7f && !DELIMITER.test(c);
  return plain ? `\\${c}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
