/**
 * What happens between the start of a cluster and the end of its history: warm up, chaos, heal, final reads.
 *
 * Whatever goes wrong, faults are healed and what was recorded stays. A first stop (Ctrl-C, the wall
 * clock, a full disk) ends the load; healing and final reads follow, so that there is something to judge.
 * A halt ends everything at once; so does a part of the tester that hangs for much longer than planned.
 */
import type { Phase } from '../../checkers/history/history.ts';
import { faults } from '../../nemesis/index.ts';
import { workloads } from '../../workloads/index.ts';
import type { Workload, WorkloadOptions } from '../../workloads/workload.ts';
import type { Cluster, NodeHandle } from '../cluster/cluster.ts';
import { only } from '../generator/combinators.ts';
import type { Generator } from '../generator/generator.ts';
import { reserve } from '../generator/threads.ts';
import { timeLimit } from '../generator/timing.ts';
import type { Recorder } from '../store/recorder.ts';
import type { RunState } from '../store/records.ts';
import type { Client } from '../systems/client.ts';
import { effectOf } from '../systems/data-types.ts';
import type { AnySystem } from '../systems/index.ts';
import type { Clock } from '../world/clock.ts';
import { makeRng, type Rng } from '../world/rng.ts';
import { readUntilAgreed } from './final-phase.ts';
import { FinalReads } from './finals.ts';
import { Gate } from './gate.ts';
import { type Counts, Interpreter } from './interpreter.ts';
import { NemesisRunner } from './nemesis.ts';
import type { RunOptions } from './options.ts';
import type { Schedule } from './schedule.ts';
import { waitUntilQuiet, watchCluster } from './watch.ts';

/** What a run tells whoever watches it. */
export interface RunObserver {
  phase(phase: Phase | 'set-up' | 'check' | 'tear-down' | 'done', atMs: number): void;
  event(text: string, activeFault: string | null, atMs: number): void;
  /** Called a few times a second. */
  progress(counts: Readonly<Counts>, atMs: number): void;
}

/** How a life ended. */
export interface Ending {
  readonly state: RunState;
  /** Why it did not come to its end by itself. */
  readonly message: string | null;
  /** It was ended at once: there are no final reads, and nobody waits for a verdict. */
  readonly halted: boolean;
}

export interface LifeOptions {
  readonly options: RunOptions;
  readonly system: AnySystem;
  /** Of the system, as it takes them. */
  readonly systemOptions: unknown;
  readonly cluster: Cluster;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly observer: RunObserver;
  readonly schedule: Schedule;
  /** Ends the load; heals, reads finally. */
  readonly stop: AbortSignal;
  /** Ends everything at once. */
  readonly halt: AbortSignal;
}

const progressMs = 250;
/** Beyond what is planned, for healing, slow answers and a slow machine. */
const allowanceMs = 60_000;

/** How long the load may take at the latest, and how long everything, ms. */
function wallClocksMs(options: RunOptions): { readonly load: number; readonly all: number } {
  const planned = (options['warm-up'] + options['time-limit'] + options['op-timeout']) * 1000;
  const given = options['wall-clock'] * 1000;
  const load = given > 0 ? given : planned + allowanceMs;
  const after = 2 * options['final-deadline'] + options.settle + 2 * options['op-timeout'];
  return { load, all: load + after * 1000 + allowanceMs };
}

export class Life {
  readonly #with: LifeOptions;
  readonly #recorder: Gate;
  readonly #chosen: readonly Workload[];
  readonly #byThread: readonly Workload[];
  readonly #finals = new FinalReads();
  readonly #stopped = new AbortController();
  readonly #interpreter: Interpreter;
  readonly #nemesis: NemesisRunner;
  #phase: Phase = 'warm-up';
  #next = 0;
  #stopReason: string | null = null;
  /** What a run that was given up still does is nobody's concern. */
  #over = false;

  constructor(life: LifeOptions) {
    this.#with = life;
    const { options, cluster, clock } = life;
    this.#recorder = new Gate(life.recorder);
    this.#chosen = options.workload.map((name) => workloads[name]);
    this.#byThread = this.#chosen.flatMap((each, i) => Array<Workload>(this.#share(i)).fill(each));
    const rng = makeRng(options.seed);
    const shared = {
      clock,
      recorder: this.#recorder,
      nextIndex: () => this.#next++,
      phase: () => this.#phase,
    };
    this.#interpreter = new Interpreter({
      ...shared,
      rng: rng.split('threads'),
      concurrency: options.concurrency,
      nodes: cluster.nodes.map((node) => node.name),
      workloadOf: (thread) => this.#workloadOf(thread).name,
      newSession: () => life.system.session?.(),
      makeClient: (thread, node, session) =>
        this.#makeClient(
          this.#workloadOf(thread),
          cluster.nodes.find(({ name }) => name === node)!,
          session,
          rng.split(`client/${thread}/${node}/${this.#next}`),
        ),
      effectOf: (thread, f) => effectOf(this.#workloadOf(thread).dataType, f),
      timeoutMs: options['op-timeout'] * 1000,
      onComplete: (thread, invocation, node, completion) =>
        this.#finals.note(this.#workloadOf(thread).name, invocation, node, completion),
    });
    this.#nemesis = new NemesisRunner({
      ...shared,
      cluster,
      faults,
      onChange: (text, active) => {
        if (!this.#over) life.observer.event(text, active, this.#nowMs());
      },
    });
    this.#recorder.onFailure((failure) => this.#stop(failure.message));
  }

  /** Throws where the system cannot make one: nothing of the run would mean anything. */
  #makeClient(workload: Workload, node: NodeHandle, session: unknown, rng: Rng): Client {
    const { system, systemOptions, cluster, options } = this.#with;
    try {
      const kind = system.clients[workload.dataType];
      if (kind === undefined) throw new Error(`it has no clients for ${workload.dataType}`);
      return kind.connect({
        node,
        nodes: cluster.nodes,
        world: cluster.world,
        rng,
        timeoutMs: options['op-timeout'] * 1000,
        options: systemOptions,
        session,
      });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const whose = `workload ${workload.name} on system ${system.name}`;
      throw new Error(`no client could be made for ${whose}: ${why}`, { cause: error });
    }
  }

  /** Lives through all phases, and says how it ended. Never rejects. */
  async live(): Promise<Ending> {
    const { stop, halt, observer, options, clock } = this.#with;
    const onStop = (): void => this.#stop('interrupted');
    stop.addEventListener('abort', onStop);
    const clocks = wallClocksMs(options);
    const watchdog = clock.timer(clocks.load, () => this.#stop('the wall clock struck'));
    const ticker = clock.interval(progressMs, () =>
      observer.progress(this.#interpreter.counts, this.#nowMs()),
    );
    let giveUp: ((ending: Ending) => void) | undefined;
    const givenUp = new Promise<Ending>((resolve) => (giveUp = resolve));
    const onHalt = (): void =>
      giveUp!({ state: 'aborted', message: 'stopped at once, without final reads', halted: true });
    halt.addEventListener('abort', onHalt);
    const lastResort = clock.timer(clocks.all, () => {
      const message = 'the tester did not come to an end and was given up';
      giveUp!({ state: 'aborted', message, halted: false });
    });
    try {
      if (stop.aborted) onStop();
      if (halt.aborted) onHalt();
      return await Promise.race([this.#phases(), givenUp]);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { state: 'failed', message, halted: false };
    } finally {
      for (const timer of [watchdog, ticker, lastResort]) timer.cancel();
      stop.removeEventListener('abort', onStop);
      halt.removeEventListener('abort', onHalt);
      this.#over = true;
      this.#recorder.shut();
      this.#stop('over');
      await this.#interpreter.close();
    }
  }

  async #phases(): Promise<Ending> {
    const { cluster, clock } = this.#with;
    const watching = new AbortController();
    const { system } = this.#with;
    const watched = watchCluster(cluster, system, this.#recorder, clock, watching.signal);
    try {
      try {
        await this.#load();
      } finally {
        this.#enter('heal');
        await this.#nemesis.healAll();
      }
      this.#enter('final');
      await this.#readFinally();
    } finally {
      watching.abort();
      await watched;
    }
    return this.#stopReason === null
      ? { state: 'done', message: null, halted: false }
      : { state: 'aborted', message: this.#stopReason, halted: false };
  }

  /** Warm-up and chaos are one load; the nemesis joins in after the warm-up. */
  async #load(): Promise<void> {
    const { options, schedule } = this.#with;
    const warmUpMs = options['warm-up'] * 1000;
    const chaosMs = options['time-limit'] * 1000;
    const rng = makeRng(options.seed);
    const load = reserve(
      this.#chosen.map((workload, i) => ({
        count: this.#share(i),
        generator: this.#chosenOf(
          workload,
          workload.generator(
            this.#workloadOptions(workload),
            rng.split(`workload/${workload.name}`),
          ),
        ),
      })),
    );
    this.#enter('warm-up');
    const loaded = this.#interpreter.run(timeLimit((warmUpMs + chaosMs) * 1e6, load));
    await this.#with.clock.sleep(warmUpMs, this.#stopped.signal);
    if (!this.#stopped.signal.aborted) this.#enter('chaos');
    await Promise.all([loaded, this.#nemesis.run(schedule.faults, chaosMs, this.#stopped.signal)]);
  }

  /** Of a workload's operations those that the schedule wants. */
  #chosenOf(workload: Workload, generator: Generator): Generator {
    const { operations } = this.#with.schedule;
    return operations === undefined ? generator : only(operations[workload.name] ?? [], generator);
  }

  async #readFinally(): Promise<void> {
    const { options, cluster, clock, halt, system } = this.#with;
    await readUntilAgreed({
      interpreter: this.#interpreter,
      finals: this.#finals,
      clock,
      readers: this.#chosen.map((workload, i) => ({
        workload,
        options: this.#workloadOptions(workload),
        threads: this.#share(i),
      })),
      nodes: cluster.nodes.map((node) => node.name),
      deadlineMs: options['final-deadline'] * 1000,
      settleMs: options.settle * 1000,
      untilQuiet: (timeoutMs) => waitUntilQuiet(cluster, system, timeoutMs, halt),
    });
  }

  #nowMs(): number {
    return this.#with.clock.nowNs() / 1e6;
  }

  /** Threads are shared out in blocks, each with about the same number. */
  #share(i: number): number {
    const { concurrency } = this.#with.options;
    const count = this.#chosen.length;
    return Math.floor(((i + 1) * concurrency) / count) - Math.floor((i * concurrency) / count);
  }

  #workloadOf(thread: number): Workload {
    return this.#byThread[thread];
  }

  #workloadOptions(workload: Workload): WorkloadOptions {
    return {
      rate: this.#with.options.rate / this.#chosen.length,
      spacePrefix: workload.name,
      nodes: this.#with.cluster.nodes.map((node) => node.name),
    };
  }

  /** Ends the load. The first reason is the one that is told. */
  #stop(reason: string): void {
    this.#stopReason ??= reason;
    this.#stopped.abort();
    this.#interpreter.stop();
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    const now = this.#with.clock.nowNs();
    this.#recorder.phase(phase, now);
    if (!this.#over) this.#with.observer.phase(phase, now / 1e6);
  }
}
