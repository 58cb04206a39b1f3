/**
 * Clients in any language: a program that reads one JSON object per line from its standard input and answers each
 * with one on its standard output. One program is one client: it does one operation at a time.
 *
 *   > {"type":"setup","node":{"name":"n1","address":"10.0.0.2","url":"http://10.0.0.2:80"},"nodes":[...],"options":{}}
 *   < {"type":"ok"}
 *   > {"type":"invoke","f":"write","key":"a","value":7}
 *   < {"type":"ok","value":7}        or {"type":"fail","error":"..."} or {"type":"info","error":"..."}
 *   > {"type":"final","f":"read","key":"a","value":null}
 *   < {"type":"ok","value":7}
 *   > {"type":"teardown"}            then its standard input ends
 *
 * `fail` says that it certainly did not happen. A program that dies, hangs or prints anything else leaves the
 * operation indeterminate, and another one takes its place.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Completion, Invocation } from '../generator/operation.ts';
import type { Client, ClientContext, ClientKind } from './client.ts';
import { type DataTypeName, dataTypes, effectOf } from './data-types.ts';

export interface ClientProcess {
  /** Program and arguments; never a shell line. */
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** All of the data type where left out. */
  readonly operations?: readonly string[];
}

/** How long a program may take to say that it is set up, ms. */
const setupTimeoutMs = 10_000;
/** After `teardown` it may take so long to end. */
const farewellMs = 500;
/** A longer line is none. */
const lineCharsMax = 16 * 1024 * 1024;
/** Of what a program printed, so much is shown. */
const shownChars = 200;
const errorWordsMax = 2000;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

interface Answer {
  readonly type: 'ok' | 'fail' | 'info';
  readonly value?: unknown;
  readonly error?: unknown;
  readonly server?: unknown;
}

class Broken extends Error {}

/** Lines of a program, one waited for at a time. */
class Conversation {
  readonly #child: Child;
  #rest = '';
  #words = '';
  #waiting: { resolve(line: string): void; reject(error: Error): void } | null = null;
  #ended: Broken | null = null;

  constructor({ command, env }: ClientProcess) {
    const [program, ...args] = command;
    this.#child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const { stdin, stdout, stderr } = this.#child;
    stdin.on('error', () => {});
    stdout.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#words = (this.#words + text).slice(-errorWordsMax);
    });
    this.#child.once('error', (error) => this.#end(`cannot be started: ${error.message}`));
    this.#child.once('exit', (code, signal) => {
      const words = this.#words.trim().split('\n').at(-1) ?? '';
      const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
      this.#end(words === '' ? how : `${how}: ${words}`);
    });
  }

  #end(why: string): void {
    this.#ended ??= new Broken(`the client program ${why}`);
    this.#waiting?.reject(this.#ended);
    this.#waiting = null;
  }

  #take(text: string): void {
    this.#rest += text;
    const end = this.#rest.indexOf('\n');
    if (end < 0) {
      if (this.#rest.length > lineCharsMax) this.#end('printed a line without end');
      return;
    }
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.#end(`printed what nobody had asked for: ${shown(line)}`);
    else waiting.resolve(line);
  }

  /** Rejects with Broken; after that the program is of no use any more. */
  async ask(message: object, timeoutMs: number): Promise<Answer> {
    if (this.#ended !== null) throw this.#ended;
    let timer: NodeJS.Timeout | undefined;
    const line = await new Promise<string>((resolve, reject) => {
      this.#waiting = { resolve, reject };
      timer = setTimeout(() => this.#end(`did not answer within ${timeoutMs} ms`), timeoutMs);
      this.#child.stdin.write(`${JSON.stringify(message)}\n`);
    }).finally(() => clearTimeout(timer));
    return parsed(line);
  }

  /** Says goodbye, and ends a program that stays. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.stdin.end(`${JSON.stringify({ type: 'teardown' })}\n`);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), farewellMs);
    if (this.#child.pid !== undefined) await gone;
    clearTimeout(timer);
  }
}

function shown(line: string): string {
  return JSON.stringify(line.length > shownChars ? `${line.slice(0, shownChars)}...` : line);
}

function parsed(line: string): Answer {
  try {
    const answer = JSON.parse(line) as Answer | null;
    if (answer !== null && ['ok', 'fail', 'info'].includes(answer.type)) return answer;
  } catch {
    // Said below.
  }
  const forms = '{"type":"ok","value":...}, {"type":"fail","error":...} or {"type":"info",...}';
  throw new Broken(`the client program printed ${shown(line)}, where ${forms} is expected`);
}

class ProcessClient implements Client {
  readonly #program: ClientProcess;
  readonly #context: ClientContext;
  readonly #type: DataTypeName;
  #conversation: Conversation | null = null;

  constructor(program: ClientProcess, context: ClientContext, type: DataTypeName) {
    this.#program = program;
    this.#context = context;
    this.#type = type;
  }

  async invoke(invocation: Invocation): Promise<Completion> {
    const { f, key, value, final } = invocation;
    let begun = false;
    try {
      const conversation = await this.#ready();
      begun = true;
      const message = { type: final === true ? 'final' : 'invoke', f, key, value };
      const answer = await conversation.ask(message, this.#context.timeoutMs);
      return this.#completion(answer, invocation);
    } catch (error) {
      void this.close();
      const read = effectOf(this.#type, f) === 'read';
      const message = error instanceof Error ? error.message : String(error);
      // Of a program that could not be set up no operation ever began.
      return { outcome: read || !begun ? 'fail' : 'info', value, error: 'client-process', message };
    }
  }

  async #ready(): Promise<Conversation> {
    if (this.#conversation !== null) return this.#conversation;
    const { node, nodes, options, timeoutMs } = this.#context;
    const conversation = new Conversation(this.#program);
    this.#conversation = conversation;
    const message = { type: 'setup', node, nodes, options, timeoutMs };
    const { type, error } = await conversation.ask(message, setupTimeoutMs);
    if (type !== 'ok') throw new Broken(`the client program could not be set up: ${String(error)}`);
    return conversation;
  }

  #completion({ type, value, error, server }: Answer, asked: Invocation): Completion {
    const read = effectOf(this.#type, asked.f) === 'read';
    const from = typeof server === 'string' ? { server } : {};
    if (type === 'ok') {
      return { outcome: 'ok', value: value === undefined ? asked.value : value, ...from };
    }
    const message = error === undefined ? undefined : String(error);
    const outcome = read ? 'fail' : type;
    return { outcome, value: asked.value, error: `client-${type}`, message, ...from };
  }

  async close(): Promise<void> {
    const conversation = this.#conversation;
    this.#conversation = null;
    await conversation?.close();
  }
}

/** Clients of one data type, each a program of its own. Throws where there is no such type. */
export function processClients(type: DataTypeName, program: ClientProcess): ClientKind {
  if (!Object.hasOwn(dataTypes, type)) {
    throw new Error(
      `there is no data type ${type}; there are ${Object.keys(dataTypes).join(', ')}`,
    );
  }
  return {
    operations: program.operations ?? Object.keys(dataTypes[type].operations),
    connect: (context) => new ProcessClient(program, context, type),
  };
}
