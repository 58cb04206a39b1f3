/**
 * Dense ids for values, as `checkers/history/history.ts` wants them: 1..writes for what was attempted to be
 * written, in log order, then what was read and never attempted. A value belongs to its key: the
 * same text under two keys is two values.
 */

/** What a value is told apart by: strings and numbers as they are, the rest by its JSON text. */
type Token = string | number;

function tokenOf(value: unknown): Token {
  if (typeof value === 'number' || typeof value === 'string') return value;
  // No JSON text of a string begins so: nothing is confused with a string of the same letters.
  return `\u0000${JSON.stringify(value)}`;
}

/** The same for JSON text, without parsing what need not be. */
function tokenOfText(text: string): Token {
  const c = text.charCodeAt(0);
  if (c === 0x22) {
    return text.indexOf('\\') === -1 ? text.slice(1, -1) : (JSON.parse(text) as string);
  }
  if (c === 0x2d || (c >= 0x30 && c <= 0x39)) return Number(text);
  return tokenOf(JSON.parse(text));
}

function textOfToken(token: Token): string {
  if (typeof token === 'number') return String(token);
  return token.charCodeAt(0) === 0 ? token.slice(1) : JSON.stringify(token);
}

export class ValueIds {
  /** Token -> id of the first key that had it. Values are unique, so nearly always the only one. */
  readonly #first = new Map<Token, number>();
  /** The others, by key and text. */
  readonly #others = new Map<string, number>();
  readonly #tokens: Token[] = [''];
  readonly #keys: number[] = [-1];
  /** JSON text of the value that stands for "nothing was written yet", beside null. */
  readonly #initial: Token | undefined;

  constructor(initial?: string) {
    this.#initial = initial === undefined ? undefined : tokenOfText(initial);
  }

  /** Ids are 1..count. */
  get count(): number {
    return this.#tokens.length - 1;
  }

  /** A new id for a written value; 0 when the key had it already. `text` is JSON. */
  write(key: number, text: string | null): number {
    const token = text === null ? tokenOf(null) : tokenOfText(text);
    return this.#look(key, token) === 0 ? this.#put(key, token) : 0;
  }

  /** The id of a value that was read, as JSON text; null reads as the initial value. */
  readText(key: number, text: string | null): number {
    return text === null ? 0 : this.#find(key, tokenOfText(text));
  }

  /** The same for a parsed value. */
  read(key: number, value: unknown): number {
    return value === null || value === undefined ? 0 : this.#find(key, tokenOf(value));
  }

  /** JSON text of a value. */
  text(id: number): string {
    const token = this.#tokens[id];
    return token === undefined ? `value ${id}` : id === 0 ? 'initial' : textOfToken(token);
  }

  #find(key: number, token: Token): number {
    const id = this.#look(key, token);
    if (id !== 0) return id;
    return token === this.#initial ? 0 : this.#put(key, token);
  }

  #look(key: number, token: Token): number {
    const id = this.#first.get(token);
    if (id === undefined) return 0;
    if (this.#keys[id] === key) return id;
    return this.#others.size === 0 ? 0 : (this.#others.get(`${key} ${textOfToken(token)}`) ?? 0);
  }

  #put(key: number, token: Token): number {
    const id = this.#tokens.length;
    this.#tokens.push(token);
    this.#keys.push(key);
    if (this.#first.has(token)) this.#others.set(`${key} ${textOfToken(token)}`, id);
    else this.#first.set(token, id);
    return id;
  }
}
