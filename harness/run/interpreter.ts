/**
 * Runs a generator against clients, and records what happens.
 *
 * A thread runs one process at a time; each process has one operation in flight at most. After an
 * indeterminate operation the process is retired, and the thread goes on as process + concurrency with a
 * new client and the contexts of the old one.
 */
import type { Phase } from '../../checkers/history/history.ts';
import type { Generator, GeneratorContext, ThreadId } from '../generator/generator.ts';
import {
  type Completion,
  ended,
  type Invocation,
  type OperationRow,
} from '../generator/operation.ts';
import type { Client } from '../systems/client.ts';
import type { Effect } from '../systems/data-types.ts';
import type { Clock, Timer } from '../world/clock.ts';
import type { Rng } from '../world/rng.ts';
import type { LiveRecorder } from './gate.ts';

export interface Counts {
  invoked: number;
  ok: number;
  fail: number;
  info: number;
}

export interface InterpreterOptions {
  readonly clock: Clock;
  readonly recorder: LiveRecorder;
  readonly rng: Rng;
  readonly concurrency: number;
  readonly nodes: readonly string[];
  workloadOf(thread: number): string;
  /** What the clients of a thread hand on to each other; undefined where there is nothing. */
  newSession(): unknown;
  /** `session`: null for a client that belongs to none. May throw: then the run ends. */
  makeClient(thread: number, node: string, session: unknown): Client;
  effectOf(thread: number, f: string): Effect;
  /** Time-out of an operation, ms. A client keeps it by itself; one that does not is given up a little later. */
  readonly timeoutMs: number;
  /** The next index of the run's history. */
  nextIndex(): number;
  phase(): Phase;
  /** Told of every operation that ended. */
  onComplete(thread: number, invocation: Invocation, node: string, completion: Completion): void;
}

/**
 * A thread whose node refuses connections rests before its next operation. Otherwise those threads, always the
 * first to be free, would draw all of the load to a node that is down.
 */
const refusedRestMs = 200;
/** A client that has not ended its operation so long after the time-out is given up. */
const graceMs = 1000;
const lookMs = 500;

/** An operation that has not ended. */
interface Flight {
  readonly invocation: Invocation;
  readonly row: OperationRow;
  readonly client: Client;
}

interface Thread {
  readonly number: number;
  readonly node: string;
  readonly session: unknown;
  /** By node; `final/` in front for clients that belong to no session. */
  readonly clients: Map<string, Client>;
  process: number;
  busy: boolean;
  /** What it is doing; null between two operations. */
  flight: Flight | null;
}

/** Who is free is looked up when a generator asks: most that are told of an event do not. */
class Look implements GeneratorContext {
  readonly timeNs: number;
  readonly threads: readonly ThreadId[];
  readonly rng: Rng;
  readonly #all: readonly Thread[];

  constructor(timeNs: number, all: readonly Thread[], threads: readonly ThreadId[], rng: Rng) {
    this.timeNs = timeNs;
    this.#all = all;
    this.threads = threads;
    this.rng = rng;
  }

  get free(): ThreadId[] {
    const free: ThreadId[] = [];
    for (const thread of this.#all) if (!thread.busy) free.push(thread.number);
    return free;
  }
}

export class Interpreter {
  readonly #options: InterpreterOptions;
  readonly #threads: readonly Thread[];
  readonly #ids: readonly ThreadId[];
  #generator: Generator | null = null;
  #startNs = 0;
  /** Wakes the generator at #wakeNs; null: it waits for no time. */
  #timer: Timer | null = null;
  #wakeNs = 0;
  #finish: (() => void) | null = null;
  #fail: ((error: unknown) => void) | null = null;
  #stopping = false;
  #pumping = false;
  readonly counts: Counts = { invoked: 0, ok: 0, fail: 0, info: 0 };

  constructor(options: InterpreterOptions) {
    this.#options = options;
    this.#threads = Array.from({ length: options.concurrency }, (_, number) => ({
      number,
      node: options.nodes[number % options.nodes.length],
      session: options.newSession(),
      clients: new Map(),
      process: number,
      busy: false,
      flight: null,
    }));
    this.#ids = this.#threads.map((thread) => thread.number);
  }

  /** Resolves when the generator is exhausted, or was stopped, and nothing is in flight. */
  run(generator: Generator): Promise<void> {
    this.#generator = generator;
    this.#startNs = this.#options.clock.nowNs();
    this.#stopping = false;
    const overdue = this.#options.clock.interval(lookMs, () => this.#endOverdue());
    return new Promise<void>((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
      this.#pump();
    }).finally(() => overdue.cancel());
  }

  /** No new operations; those in flight end by themselves or by their time-out. */
  stop(): void {
    this.#stopping = true;
    this.#pump();
  }

  async close(): Promise<void> {
    this.#wakeAt(null);
    const clients = this.#threads.flatMap((thread) => [...thread.clients.values()]);
    await Promise.allSettled(clients.map((client) => client.close()));
  }

  #context(): GeneratorContext {
    const timeNs = this.#options.clock.nowNs() - this.#startNs;
    return new Look(timeNs, this.#threads, this.#ids, this.#options.rng);
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    let untilNs: number | null = null;
    let going = !this.#stopping;
    while (going && this.#generator) {
      const step = this.#generator.op(this.#context());
      switch (step.type) {
        case 'op':
          this.#generator = step.next;
          going = this.#tryStart(this.#threads[step.op.thread], step.op.invocation, step.op.timeNs);
          break;
        case 'pending':
          this.#generator = step.next;
          untilNs = step.untilNs;
          going = false;
          break;
        case 'done':
          this.#generator = null;
          break;
        default:
          step satisfies never;
      }
    }
    this.#wakeAt(untilNs);
    this.#pumping = false;
    const over = this.#generator === null || this.#stopping;
    if (over && this.#finish && this.#threads.every((thread) => !thread.busy)) {
      const finish = this.#finish;
      this.#finish = null;
      finish();
    }
  }

  /** Between two operations much happens that moves nothing: then the timer stays as it is. */
  #wakeAt(untilNs: number | null): void {
    if (this.#timer !== null && untilNs === this.#wakeNs) return;
    this.#timer?.cancel();
    this.#timer = null;
    if (untilNs === null) return;
    const now = this.#options.clock.nowNs() - this.#startNs;
    const waitMs = Math.max(0, Math.ceil((untilNs - now) / 1e6));
    this.#wakeNs = untilNs;
    this.#timer = this.#options.clock.timer(waitMs, this.#awake);
  }

  readonly #awake = (): void => {
    this.#timer = null;
    this.#pump();
  };

  #client(
    thread: Thread,
    invocation: Invocation,
  ): { readonly node: string; readonly client: Client } {
    const node = invocation.node ?? thread.node;
    const name = invocation.final ? `final/${node}` : node;
    let client = thread.clients.get(name);
    if (!client) {
      const session = invocation.final ? null : thread.session;
      client = this.#options.makeClient(thread.number, node, session);
      thread.clients.set(name, client);
    }
    return { node, client };
  }

  /** False where no client could be made: then nothing goes on. */
  #tryStart(thread: Thread, invocation: Invocation, scheduledNs: number): boolean {
    try {
      this.#start(thread, invocation, scheduledNs, this.#client(thread, invocation));
      return true;
    } catch (error) {
      this.#stopping = true;
      this.#fail?.(error);
      return false;
    }
  }

  #start(
    thread: Thread,
    invocation: Invocation,
    scheduledNs: number,
    { node, client }: { readonly node: string; readonly client: Client },
  ): void {
    const { clock, recorder } = this.#options;
    const row: OperationRow = {
      idx: this.#options.nextIndex(),
      process: thread.process,
      thread: thread.number,
      phase: this.#options.phase(),
      workload: this.#options.workloadOf(thread.number),
      f: invocation.f,
      key: invocation.key,
      value: invocation.value,
      node,
      scheduled: Math.round(this.#startNs + scheduledNs),
      invoked: clock.nowNs(),
      final: invocation.final === true ? true : undefined,
    };
    thread.busy = true;
    const flight: Flight = { invocation, row, client };
    thread.flight = flight;
    this.counts.invoked++;
    recorder.invoke(row);
    this.#generator = this.#generator!.update(this.#context(), {
      type: 'invoke',
      thread: thread.number,
      timeNs: row.invoked - this.#startNs,
      invocation,
    });
    void this.#invoke(flight).then((completion) => this.#end(thread, flight, completion));
  }

  /** A client that throws is a defect; nobody knows what the operation did. */
  async #invoke({ client, invocation }: Flight): Promise<Completion> {
    try {
      return await client.invoke(invocation);
    } catch (error) {
      const { value } = invocation;
      return { outcome: 'info', value, error: 'client-defect', message: String(error) };
    }
  }

  /** Gives up clients that hang: their late answers meet nobody. */
  #endOverdue(): void {
    const { clock, timeoutMs } = this.#options;
    const limitNs = (timeoutMs + graceMs) * 1e6;
    for (const thread of this.#threads) {
      const { flight } = thread;
      if (flight === null || clock.nowNs() - flight.row.invoked < limitNs) continue;
      const { f, value } = flight.invocation;
      const outcome = this.#options.effectOf(thread.number, f) === 'read' ? 'fail' : 'info';
      const message = 'the client did not keep its time-out';
      this.#discardClients(thread);
      this.#end(thread, flight, { outcome, value, error: 'timeout', message });
    }
  }

  #discardClients(thread: Thread): void {
    for (const client of thread.clients.values()) void client.close().catch(() => {});
    thread.clients.clear();
  }

  #end(thread: Thread, flight: Flight, completion: Completion): void {
    if (thread.flight !== flight) return;
    thread.flight = null;
    const { invocation, row } = flight;
    const completed = this.#options.clock.nowNs();
    this.#options.recorder.complete(ended(row, completion, completed));
    this.counts[completion.outcome]++;
    if (completion.error === 'refused' && !this.#stopping) {
      this.#options.clock.timer(refusedRestMs, () => {
        thread.busy = false;
        this.#pump();
      });
    } else thread.busy = false;
    if (completion.outcome === 'info') {
      thread.process += this.#options.concurrency;
      this.#discardClients(thread);
    }
    this.#generator =
      this.#generator?.update(this.#context(), {
        type: 'complete',
        thread: thread.number,
        timeNs: completed - this.#startNs,
        invocation,
        completion,
      }) ?? null;
    this.#options.onComplete(thread.number, invocation, row.node!, completion);
    this.#pump();
  }
}
