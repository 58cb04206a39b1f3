/**
 * Speaks with the program that works beside a node (`script.ts`). Requests are answered one after another; each
 * has its own time-out, and an answer that comes later meets nobody.
 */
import type { Readable, Writable } from 'node:stream';
import { ClusterError } from '../errors.ts';

/** The program's streams, and a way to end it. */
export interface Line {
  readonly input: Writable;
  readonly output: Readable;
  close(): void;
}

export interface Reply {
  readonly status: number;
  readonly lines: readonly string[];
}

interface Waiting {
  readonly number: number;
  readonly lines: string[];
  end(reply: Reply | ClusterError): void;
}

/** What can be part of a request: never a blank, a line's end, or anything that a shell would read. */
const word = /^[A-Za-z0-9.:/_-]+$/;
/** An answer is a few lines for each peer; more is nonsense and is not kept. */
const linesMax = 10_000;

export class Agent {
  readonly #name: string;
  readonly #line: Line;
  #number = 0;
  #rest = '';
  #waiting: Waiting | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #gone: ClusterError | null = null;

  constructor(name: string, line: Line) {
    this.#name = name;
    this.#line = line;
    line.output.setEncoding('utf8');
    line.output.on('data', (text: string) => this.#read(text));
    const lost = (): void => this.#lose();
    for (const event of ['end', 'close', 'error']) line.output.on(event, lost);
    line.input.on('error', lost);
  }

  /** Has the connection ended? Then there is nothing to be had from it any more. */
  get isGone(): boolean {
    return this.#gone !== null;
  }

  #lose(): void {
    this.#gone ??= new ClusterError('agent-lost', `the program beside ${this.#name} has ended`);
    this.#waiting?.end(this.#gone);
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const waiting = this.#waiting;
      if (waiting === null) continue;
      const end = /^done (\d+) (\d+)$/.exec(line);
      if (end === null) {
        if (waiting.lines.length < linesMax) waiting.lines.push(line);
      } else if (Number(end[1]) === waiting.number) {
        waiting.end({ status: Number(end[2]), lines: waiting.lines });
      } else waiting.lines.length = 0;
    }
  }

  /** Rejects with ClusterError when the program is gone, or has not answered in time. */
  ask(words: readonly string[], timeoutMs: number): Promise<Reply> {
    for (const each of words) {
      if (!word.test(each)) throw new Error(`${JSON.stringify(each)} is no word for a request`);
    }
    const reply = this.#last.then(() => this.#ask(words, timeoutMs));
    this.#last = reply.catch(() => {});
    return reply;
  }

  #ask(words: readonly string[], timeoutMs: number): Promise<Reply> {
    if (this.#gone) return Promise.reject(this.#gone);
    const number = ++this.#number;
    return new Promise((resolve, reject) => {
      const end = (reply: Reply | ClusterError): void => {
        clearTimeout(timer);
        this.#waiting = null;
        if (reply instanceof ClusterError) reject(reply);
        else resolve(reply);
      };
      const timer = setTimeout(() => {
        const text = `the program beside ${this.#name} did not ${words[0]} within ${timeoutMs} ms`;
        end(new ClusterError('agent-lost', text));
      }, timeoutMs);
      this.#waiting = { number, lines: [], end };
      this.#line.input.write(`${[number, ...words].join(' ')}\n`);
    });
  }

  close(): void {
    this.#lose();
    this.#line.close();
  }
}
