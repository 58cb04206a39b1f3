/**
 * The life of a run: set up, warm up, chaos, heal, final reads, save, tear down. Judging is not its business:
 * it ends with a run file, whatever happened on the way.
 */
import type { Phase } from '../../checkers/history.ts';
import type { FaultPlan } from '../../nemesis/fault.ts';
import { faults } from '../../nemesis/index.ts';
import { planSchedule } from '../../nemesis/plan.ts';
import { workloads } from '../../workloads/index.ts';
import type { Workload } from '../../workloads/workload.ts';
import type { Cluster, ClusterSpec } from '../cluster/cluster.ts';
import { makeRng } from '../generator/rng.ts';
import { reserve } from '../generator/threads.ts';
import { timeLimit } from '../generator/timing.ts';
import { openRun, type Recorder } from '../history/recorder.ts';
import type { FaultRecord, RunState } from '../history/records.ts';
import { runDirectory } from '../history/results.ts';
import { type Clock, sleep, startClock } from './clock.ts';
import { FinalReads } from './finals.ts';
import { type Counts, Interpreter } from './interpreter.ts';
import { NemesisRunner } from './nemesis.ts';
import { nodeNames, type RunOptions, replayLine } from './options.ts';
import { environmentOf, versionsOf } from './provenance.ts';
import { waitUntilQuiet, watchCluster } from './watch.ts';

/** What a run tells whoever watches it. */
export interface RunObserver {
  phase(phase: Phase | 'set-up' | 'tear-down' | 'done', atMs: number): void;
  event(text: string, activeFault: string | null): void;
  /** Called a few times a second. */
  progress(counts: Readonly<Counts>, atMs: number): void;
}

export interface RunResult {
  /** Folder of the run. */
  readonly dir: string;
  readonly state: RunState;
  readonly message: string | null;
  readonly replay: string;
  /** What went wrong while it was torn down; never changes a verdict. */
  readonly teardownProblem: string | null;
}

export interface RunEnvironment {
  createCluster(spec: ClusterSpec): Promise<Cluster>;
  readonly observer: RunObserver;
  /** First: heal, read, judge. */
  readonly stop: AbortSignal;
}

const readyTimeoutMs = 20_000;
const rejoinTimeoutMs = 20_000;
const drainMs = 1000;
const progressMs = 250;
const logLinesMax = 2000;
const setUpAllowanceMs = 60_000;

/** When the run must be over at the latest, ms. */
function wallClockMs(options: RunOptions): number {
  if (options['wall-clock'] > 0) return options['wall-clock'] * 1000;
  const planned =
    options['warm-up'] +
    options['time-limit'] +
    options.settle +
    options['op-timeout'] +
    2 * options['final-deadline'];
  return planned * 1000 + rejoinTimeoutMs + setUpAllowanceMs;
}

/** Plans all faults of a run. Throws PlanError. */
export function planFaults(options: RunOptions): FaultPlan[] {
  const kinds = options.nemesis.filter((name) => name !== 'none');
  return planSchedule(
    {
      faults: kinds.map((kind) => ({
        fault: faults[kind]!,
        variants: kind === 'partition' ? options.partitions : faults[kind]!.variants,
      })),
      nodes: nodeNames(options),
      durationMs: options['time-limit'] * 1000,
      faultMs: options['fault-time'] * 1000,
      calmMs: options['calm-time'] * 1000,
    },
    makeRng(options.seed).split('nemesis'),
  );
}

class Run {
  readonly #options: RunOptions;
  readonly #environment: RunEnvironment;
  readonly #cluster: Cluster;
  readonly #recorder: Recorder;
  readonly #clock: Clock;
  readonly #chosen: readonly Workload[];
  readonly #finals = new FinalReads();
  readonly #abort = new AbortController();
  readonly #interpreter: Interpreter;
  readonly #nemesis: NemesisRunner;
  #phase: Phase = 'warm-up';
  #next = 0;
  #stopReason: string | null = null;

  constructor(
    options: RunOptions,
    environment: RunEnvironment,
    cluster: Cluster,
    recorder: Recorder,
    clock: Clock,
  ) {
    this.#options = options;
    this.#environment = environment;
    this.#cluster = cluster;
    this.#recorder = recorder;
    this.#clock = clock;
    this.#chosen = options.workload.map((name) => workloads[name]!);
    const rng = makeRng(options.seed);
    const shared = {
      clock,
      recorder,
      nextIndex: () => this.#next++,
      phase: () => this.#phase,
    };
    this.#interpreter = new Interpreter({
      ...shared,
      rng: rng.split('generator'),
      concurrency: options.concurrency,
      nodes: cluster.nodes.map((node) => node.name),
      workloadOf: (thread) => this.#workloadOf(thread).name,
      makeClient: (thread, node, contexts) => {
        const { url } = cluster.nodes.find((each) => each.name === node)!;
        const stream = rng.split(`client/${thread}/${node}/${this.#next}`);
        const timeoutMs = options['op-timeout'] * 1000;
        return this.#workloadOf(thread).client({ node, url }, contexts, stream, { timeoutMs });
      },
    });
    this.#interpreter.onComplete = (invocation, node, completion) => {
      const workload = this.#workloadNamed(invocation.key);
      this.#finals.note(workload, invocation, node, completion);
    };
    this.#nemesis = new NemesisRunner({
      ...shared,
      cluster,
      faults,
      onChange: (text, active) => environment.observer.event(text, active),
    });
    recorder.onFailure((failure) => this.#stop(failure.message));
  }

  /** Threads are shared out in blocks, each with about the same number. */
  #share(i: number): number {
    const { concurrency } = this.#options;
    const count = this.#chosen.length;
    return Math.floor(((i + 1) * concurrency) / count) - Math.floor((i * concurrency) / count);
  }

  #workloadOf(thread: number): Workload {
    let first = 0;
    for (let i = 0; i < this.#chosen.length; i++) {
      first += this.#share(i);
      if (thread < first) return this.#chosen[i]!;
    }
    return this.#chosen.at(-1)!;
  }

  /** Keys begin with the name of their workload. */
  #workloadNamed(key: string | null): string {
    return this.#chosen.find((each) => key?.startsWith(`${each.name}-`))?.name ?? '';
  }

  #workloadOptions(workload: Workload) {
    return {
      rate: this.#options.rate / this.#chosen.length,
      spacePrefix: workload.name,
      nodes: this.#cluster.nodes.map((node) => node.name),
    };
  }

  #stop(reason: string): void {
    this.#stopReason ??= reason;
    this.#abort.abort();
    this.#interpreter.stop();
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    const now = this.#clock.nowNs();
    this.#recorder.phase(phase, now);
    this.#environment.observer.phase(phase, now / 1e6);
  }

  /** All phases from warm-up to final reads. Returns how it ended. */
  async live(plans: readonly FaultPlan[]): Promise<{ state: RunState; message: string | null }> {
    const { stop, observer } = this.#environment;
    const onStop = (): void => this.#stop('interrupted');
    stop.addEventListener('abort', onStop);
    const watchdog = setTimeout(
      () => this.#stop('the wall clock struck'),
      wallClockMs(this.#options),
    );
    const ticker = setInterval(
      () => observer.progress(this.#interpreter.counts, this.#clock.nowNs() / 1e6),
      progressMs,
    );
    const watching = new AbortController();
    const watched = watchCluster(this.#cluster.nodes, this.#recorder, this.#clock, watching.signal);
    try {
      if (stop.aborted) onStop();
      await this.#load(plans);
      this.#enter('heal');
      await waitUntilQuiet(this.#cluster.nodes, rejoinTimeoutMs, new AbortController().signal);
      await sleep(this.#options.settle * 1000, this.#abort.signal);
      this.#enter('final');
      await this.#readFinally();
    } finally {
      clearTimeout(watchdog);
      clearInterval(ticker);
      stop.removeEventListener('abort', onStop);
      watching.abort();
      await watched;
      await this.#interpreter.close();
    }
    return this.#stopReason === null
      ? { state: 'done', message: null }
      : { state: 'aborted', message: this.#stopReason };
  }

  /** Warm-up and chaos are one load; the nemesis joins in after the warm-up. */
  async #load(plans: readonly FaultPlan[]): Promise<void> {
    const warmUpMs = this.#options['warm-up'] * 1000;
    const chaosMs = this.#options['time-limit'] * 1000;
    const rng = makeRng(this.#options.seed);
    const load = reserve(
      this.#chosen.map((workload, i) => ({
        count: this.#share(i),
        generator: workload.generator(
          this.#workloadOptions(workload),
          rng.split(`workload/${workload.name}`),
        ),
      })),
    );
    this.#enter('warm-up');
    const loaded = this.#interpreter.run(timeLimit((warmUpMs + chaosMs) * 1e6, load));
    await sleep(warmUpMs, this.#abort.signal);
    if (!this.#abort.signal.aborted) this.#enter('chaos');
    await Promise.all([loaded, this.#nemesis.run(plans, this.#abort.signal)]);
  }

  /** Rounds of reads of every key through every node, until all agree or the deadline comes. */
  async #readFinally(): Promise<void> {
    const until = this.#clock.nowNs() + this.#options['final-deadline'] * 1e9;
    const nodes = this.#cluster.nodes.map((node) => node.name);
    for (;;) {
      this.#finals.beginRound();
      const round = reserve(
        this.#chosen.map((workload, i) => ({
          count: this.#share(i),
          generator: workload.finalGenerator(
            this.#workloadOptions(workload),
            this.#finals.keys(workload.name),
          ),
        })),
      );
      await this.#interpreter.run(round);
      if (this.#finals.settled(nodes) || this.#clock.nowNs() > until) return;
      await sleep(drainMs);
    }
  }

  get faults(): readonly FaultRecord[] {
    return this.#nemesis.records;
  }
}

async function saveLogs(cluster: Cluster, recorder: Recorder, clock: Clock): Promise<void> {
  const epochMs = Date.parse(clock.startedAt);
  await Promise.all(
    cluster.nodes.map(async ({ name }) => {
      for (const text of await cluster.logs(name, logLinesMax)) {
        const { time, level } = parseLine(text);
        const ms = time === null ? clock.nowNs() / 1e6 : time - epochMs;
        recorder.log({ time: Math.round(ms * 1e6), node: name, level, text });
      }
    }),
  );
}

/** Time and level of a line of JSON; other lines are kept as they are. */
function parseLine(text: string): { readonly time: number | null; readonly level: string } {
  try {
    const { time, level } = JSON.parse(text) as { time?: string; level?: string };
    const at = Date.parse(time ?? '');
    return {
      time: Number.isNaN(at) ? null : at,
      level: typeof level === 'string' ? level : 'text',
    };
  } catch {
    return { time: null, level: 'text' };
  }
}

/**
 * Runs once. Rejects only where there is nothing to be judged (no cluster, no file); otherwise there is a run
 * file, and `state` says how it ended.
 */
export async function performRun(
  options: RunOptions,
  environment: RunEnvironment,
): Promise<RunResult> {
  const { observer } = environment;
  const plans = planFaults(options);
  const replay = replayLine(options);
  const runId = `${Date.now().toString(36)}-${process.pid.toString(36)}`;
  observer.phase('set-up', 0);
  const cluster = await environment.createCluster({
    runId,
    nodes: options.nodes,
    nodeFaults: options['node-faults'].split(',').filter((name) => name !== ''),
    env: {},
    readyTimeoutMs,
  });
  const clock = startClock();
  const dir = runDirectory(options.results, {
    name: options.name,
    startedAt: clock.startedAt,
    seed: options.seed,
  });
  let state: RunState = 'failed';
  let message: string | null = null;
  let teardownProblem: string | null = null;
  try {
    const chosen = options.workload.map((name) => workloads[name]!);
    const recorder = openRun(dir, {
      runId,
      name: options.name,
      seed: options.seed,
      startedAt: clock.startedAt,
      nodes: cluster.nodes.map((node) => node.name),
      config: options,
      versions: versionsOf(),
      environment: environmentOf(cluster),
      minimumOk: {
        overall: Math.max(...chosen.map((each) => each.minimumOk.overall)),
        perFaultWindow: Math.max(...chosen.map((each) => each.minimumOk.perFaultWindow)),
      },
      replay,
    });
    try {
      const run = new Run(options, environment, cluster, recorder, clock);
      ({ state, message } = await run.live(plans));
    } catch (error) {
      message = error instanceof Error ? error.message : String(error);
    }
    await saveLogs(cluster, recorder, clock).catch((error) => {
      teardownProblem = `the logs of the nodes could not be read: ${String(error)}`;
    });
    recorder.state(state, message ?? undefined);
    recorder.close();
  } finally {
    observer.phase('tear-down', clock.nowNs() / 1e6);
    if (!options.keep) {
      await cluster.destroy().catch((error) => {
        teardownProblem = `the cluster could not be removed: ${String(error)}; run: amnesia clean`;
      });
    }
  }
  observer.phase('done', clock.nowNs() / 1e6);
  return { dir, state, message, replay, teardownProblem };
}
