/** The objects that the search knows: what their operations do to their state. */
import { type Action, moving, observing, writing } from './calls.ts';

/** Numbers for states that are texts, in order of appearance. */
export class States {
  readonly #ids = new Map<string, number>();
  readonly texts: string[] = [];

  id(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    this.#ids.set(text, this.texts.length);
    this.texts.push(text);
    return this.texts.length - 1;
  }
}

/** A queue from which the oldest element is taken. States are the elements in order; state 0 is the empty one. */
export class QueueStates {
  readonly #after = new Map<string, number>();
  readonly #contents: (readonly number[])[] = [[]];
  readonly #ids = new Map<string, number>([['', 0]]);

  enqueue(element: number): Action {
    return {
      observes: -1,
      total: true,
      blind: false,
      step: (state) => this.#step(`${state}+${element}`, () => [...this.#contents[state], element]),
    };
  }

  /** `element` -1: whichever was in front, or none. */
  dequeue(element: number): Action {
    return {
      observes: -1,
      total: element < 0,
      blind: false,
      step: (state) => {
        const [front] = this.#contents[state];
        if (front === undefined) return element < 0 ? state : -1;
        if (element >= 0 && front !== element) return -1;
        return this.#step(`${state}-`, () => this.#contents[state].slice(1));
      },
    };
  }

  /** A dequeue that found nothing. */
  findEmpty(): Action {
    return observing(0);
  }

  #step(name: string, contents: () => readonly number[]): number {
    const known = this.#after.get(name);
    if (known !== undefined) return known;
    const list = contents();
    const text = list.join(' ');
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#contents.length;
      this.#contents.push(list);
      this.#ids.set(text, id);
    }
    this.#after.set(name, id);
    return id;
  }
}

/** A key that holds a text: put, get, append. State 0 is the empty text. */
export class TextStates {
  readonly #states = new States();

  constructor() {
    this.#states.id('');
  }

  get(text: string): Action {
    return observing(this.#states.id(text));
  }

  put(text: string): Action {
    return writing(this.#states.id(text));
  }

  append(text: string): Action {
    if (text === '') return appendNothing;
    return {
      observes: -1,
      total: true,
      blind: false,
      step: (state) => this.#states.id(this.#states.texts[state] + text),
    };
  }
}

const appendNothing: Action = { observes: -1, total: true, blind: false, step: (state) => state };

/** A lock: state 0 is free, any other one its holder. */
export function acquire(holder: number): Action {
  return moving(0, holder);
}

export function release(holder: number): Action {
  return moving(holder, 0);
}
