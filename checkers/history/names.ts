/** Dense numbers for names, in order of first appearance. */

export class Names {
  readonly #ids = new Map<number | string, number>();
  readonly list: string[] = [];

  constructor(names: readonly string[] = []) {
    for (const name of names) this.id(name);
  }

  get size(): number {
    return this.#ids.size;
  }

  id(name: string): number {
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.list.length;
      this.#ids.set(name, id);
      this.list.push(name);
    }
    return id;
  }
}
