/**
 * A program in a container with which one talks in lines: each line that is text gets one line back. What does not
 * answer in time, or has ended, is an error and never waited for.
 */
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { ClusterError } from '../../errors.ts';
import { asking } from '../answers.ts';
import type { Container, Engine } from '../engine.ts';
import { collect } from '../output.ts';

const answerMs = 10_000;

interface Waiting {
  resolve(line: string): void;
  reject(error: Error): void;
}

export class Conversation {
  readonly #stream: Duplex;
  readonly #name: string;
  readonly #waiting: Waiting[] = [];
  /** What followed the word "ready" in its first line. */
  greeting = '';
  #ended: ClusterError | null = null;

  private constructor(stream: Duplex, name: string) {
    this.#stream = stream;
    this.#name = name;
  }

  /** Starts the program, which says a first line when it is ready. Rejects with ClusterError. */
  static async begin(
    engine: Engine,
    container: Container,
    argv: readonly string[],
  ): Promise<Conversation> {
    const attached = { AttachStdin: true, AttachStdout: true, AttachStderr: true };
    const exec = await asking(container.exec({ Cmd: [...argv], ...attached }));
    const stream = await asking(exec.start({ hijack: true, stdin: true }));
    const conversation = new Conversation(stream, argv[0]);
    const stdout = collect();
    const stderr = collect();
    engine.modem.demuxStream(stream, stdout.stream, stderr.stream);
    createInterface(stdout.stream).on('line', (line) => conversation.#hear(line));
    for (const event of ['end', 'close', 'error']) {
      stream.once(event, () => conversation.#end(stderr.text()));
    }
    const first = await conversation.next();
    if (!first.startsWith('ready')) {
      throw new ClusterError('engine-failed', `${argv[0]} began with: ${first}`);
    }
    conversation.greeting = first.slice('ready'.length).trim();
    return conversation;
  }

  get ended(): boolean {
    return this.#ended !== null;
  }

  #hear(line: string): void {
    this.#waiting.shift()?.resolve(line);
  }

  #end(text: string): void {
    if (this.#ended) return;
    const why = text.trim() === '' ? '' : `: ${text.trim().split('\n').at(-1)}`;
    this.#ended = new ClusterError('engine-failed', `${this.#name} has ended${why}`);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }

  /** The next line, of a program that says more than it was asked. */
  next(withinMs = answerMs): Promise<string> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const text = `${this.#name} has not answered for ${withinMs / 1000} s`;
        reject(new ClusterError('engine-failed', text));
      }, withinMs);
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          then(value);
        };
      this.#waiting.push({ resolve: settle(resolve), reject: settle(reject) });
    });
  }

  /** The answer to a line; a ClusterError where it begins with "error". */
  async say(line: string): Promise<string> {
    const next = this.next();
    if (!this.#ended) this.#stream.write(`${line}\n`);
    const answer = await next;
    if (!answer.startsWith('error')) return answer;
    throw new ClusterError('engine-failed', `${this.#name} refused "${line}": ${answer}`);
  }

  /** The end of its input is the end of the program. */
  close(): void {
    this.#end('');
    this.#stream.end();
    this.#stream.destroy();
  }
}
