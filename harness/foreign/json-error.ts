/**
 * Where a text stops being JSON. `JSON.parse` is quick and does not always say where; this is slow
 * and is asked only after it has refused.
 */

/** Position of the first character that does not belong, and what would; null for valid JSON. */
export function findJsonError(text: string): { readonly at: number; readonly what: string } | null {
  const scanner = new Scanner(text);
  try {
    scanner.value();
    scanner.space();
    if (scanner.at < text.length) scanner.fail('nothing more is expected here');
    return null;
  } catch (error) {
    if (error instanceof Stop) return { at: error.at, what: error.message };
    throw error;
  }
}

class Stop extends Error {
  readonly at: number;
  constructor(at: number, what: string) {
    super(what);
    this.at = at;
  }
}

const NUMBER = /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const STRING = /"([^"\\\p{Cc}]|[\u007f-\u009f]|\\(["\\/bfnrt]|u[0-9a-fA-F]{4}))*/uy;
const WORD = /true|false|null/y;

class Scanner {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  fail(what: string): never {
    throw new Stop(this.at, this.at >= this.#text.length ? `${what}, but the text ends` : what);
  }

  space(): void {
    while (' \t\r\n'.includes(this.#text[this.at] ?? 'x')) this.at++;
  }

  value(): void {
    this.space();
    const c = this.#text[this.at];
    if (c === '{') this.#members('}', () => this.#member());
    else if (c === '[') this.#members(']', () => this.value());
    else if (c === '"') this.#string();
    else if (!this.#match(NUMBER) && !this.#match(WORD)) this.fail('a value is expected here');
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.#text)) return false;
    this.at = pattern.lastIndex;
    return true;
  }

  #string(): void {
    if (!this.#match(STRING)) this.fail('a string is expected here');
    if (this.#text[this.at] !== '"') this.fail('this does not belong into a string');
    this.at++;
  }

  #member(): void {
    this.space();
    this.#string();
    this.space();
    if (this.#text[this.at] !== ':') this.fail('a : is expected here');
    this.at++;
    this.value();
  }

  #members(close: string, member: () => void): void {
    this.at++;
    this.space();
    if (this.#text[this.at] === close) {
      this.at++;
      return;
    }
    for (;;) {
      member();
      this.space();
      const c = this.#text[this.at];
      if (c === close) break;
      if (c !== ',') this.fail(`a , or ${close} is expected here`);
      this.at++;
    }
    this.at++;
  }
}
