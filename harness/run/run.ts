/**
 * A run from nothing to nothing: set up, live, save, judge, tear down. Rejects only where there is nothing
 * to be judged (no cluster, no file); otherwise there is a run file, and a verdict that depends on
 * nothing that comes after it.
 */

import { accessSync, constants, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { faults, kindsOf, laneOf, powersFor, refuseImpossible } from '../../nemesis/index.ts';
import { planSchedule } from '../../nemesis/plan.ts';
import { workloads } from '../../workloads/index.ts';
import type { Cluster, ClusterSpec } from '../cluster/cluster.ts';
import { saveRun } from '../columns/save.ts';
import type { FaultPlan } from '../generator/fault-plan.ts';
import { type Judgement, judgeRun } from '../judge/judge.ts';
import { writeFailure } from '../store/errors.ts';
import { openRun, type Recorder } from '../store/recorder.ts';
import type { RunHeader } from '../store/records.ts';
import { runDirectory } from '../store/results.ts';
import { type AnySystem, systems } from '../systems/index.ts';
import { promisesOf } from '../systems/offers.ts';
import { parseSystemOptions } from '../systems/options.ts';
import { type Clock, startClock, type Timer } from '../world/clock.ts';
import { AmnesiaError } from '../world/exit-codes.ts';
import { makeRng } from '../world/rng.ts';
import { extensionsOf } from './extensions/used.ts';
import { namedCheckers } from './fit.ts';
import { newIdentity, type RunIdentity } from './identity.ts';
import { type Ending, Life, type RunObserver } from './life.ts';
import { saveLogs } from './logs.ts';
import { nodeNames, type RunOptions, replayLine } from './options.ts';
import { placesOf } from './place-options.ts';
import { environmentOf, versionsOf } from './provenance.ts';
import { readSchedule, type Schedule } from './schedule.ts';

export interface RunEnvironment {
  createCluster(spec: ClusterSpec): Promise<Cluster>;
  readonly observer: RunObserver;
  /** First: end the load, heal, read finally, judge. */
  readonly stop: AbortSignal;
  /** Then: end at once, keep what there is, remove the cluster. */
  readonly halt: AbortSignal;
}

export interface RunResult extends Ending {
  /** Folder of the run. */
  readonly dir: string;
  readonly replay: string;
  /** Null where the run was halted. */
  readonly judgement: Judgement | null;
  /** What went wrong after the history was complete; never changes a verdict. A sentence each. */
  readonly problems: readonly string[];
}

/** The run was stopped before it began: there is nothing to be judged. */
export class RunInterrupted extends AmnesiaError {
  readonly code = 'run-interrupted';
  override readonly exitCode = 2;
  constructor() {
    super('interrupted before the first operation; there is nothing to judge');
    this.name = 'RunInterrupted';
  }
}

const destroyTimeoutMs = 60_000;

/** What a run does: from its schedule file, else planned. Throws PlanError, OptionsError. */
export function planRun(options: RunOptions): Schedule {
  if (options.schedule === '') return { faults: planFaults(options) };
  const durationMs = options['time-limit'] * 1000;
  return readSchedule(options.schedule, { nodes: nodeNames(options), durationMs });
}

/** Plans all faults of a run. Throws PlanError. */
export function planFaults(options: RunOptions): FaultPlan[] {
  const named: readonly string[] = options.nemesis.filter((name) => name !== 'none');
  const kinds = named.includes('all') ? kindsOf(options.runtime) : named;
  return planSchedule(
    {
      faults: kinds.map((kind) => ({
        fault: faults[kind],
        variants: kind === 'partition' ? options.partitions : faults[kind].variants,
      })),
      nodes: nodeNames(options),
      durationMs: options['time-limit'] * 1000,
      faultMs: options['fault-time'] * 1000,
      calmMs: options['calm-time'] * 1000,
      ...(options.overlap === 'yes' ? { laneOf } : {}),
    },
    makeRng(options.seed).split('nemesis'),
  );
}

/** Throws RunFileError where no run file can be made in the folder, before a cluster is started. */
function checkResults(results: string): void {
  const folder = resolve(results);
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw writeFailure(folder, error);
  }
}

/** Rejects with PlanError, RunFileError, ClusterError or RunInterrupted. */
export async function performRun(
  options: RunOptions,
  environment: RunEnvironment,
): Promise<RunResult> {
  const { observer, stop } = environment;
  const system = systems[options.system];
  const systemOptions = parseSystemOptions(system, options['system-options']);
  const nodeFaults = options['node-faults'].split(',').filter((name) => name !== '');
  const schedule = planRun(options);
  const plans = schedule.faults;
  checkResults(options.results);
  const identity = newIdentity();
  observer.phase('set-up', 0);
  const cluster = await environment.createCluster({
    runId: identity.runId,
    seed: options.seed,
    latencyMs: options.latency,
    nodes: options.nodes,
    program: system.program({ options: systemOptions, nodeFaults }),
    inquiries: system.inquiries,
    powers: powersFor(plans.map(({ kind }) => kind)),
    readyTimeoutMs: system.readyTimeoutMs,
    ...placesOf(options),
  });
  const clock = startClock(cluster.world.clock);
  const problems: string[] = [];
  try {
    if (stop.aborted) throw new RunInterrupted();
    refuseImpossible(cluster, [...new Set(plans.map((plan) => plan.kind))]);
    const { dir, recorder } = begin(
      options,
      { system, systemOptions },
      schedule,
      identity,
      cluster,
    );
    const life = new Life({
      options,
      system,
      systemOptions,
      cluster,
      recorder,
      clock,
      schedule,
      ...environment,
    });
    const lived = await life.live();
    const ended = await save(recorder, cluster, system, clock, lived, problems);
    if (!ended.halted) observer.phase('check', clock.nowNs() / 1e6);
    const judgement = ended.halted
      ? null
      : judgeRun(recorder.path, {
          checkers: namedCheckers(options.system, options.checkers),
          models: options.model,
        });
    return { ...ended, dir, judgement, replay: replayLine(options), problems };
  } finally {
    if (!options.keep) {
      observer.phase('tear-down', clock.nowNs() / 1e6);
      const problem = await tearDown(cluster);
      if (problem !== null) problems.push(problem);
    }
    observer.phase('done', clock.nowNs() / 1e6);
  }
}

/** Makes the run file. Throws RunFileError. */
function begin(
  options: RunOptions,
  { system, systemOptions }: { readonly system: AnySystem; readonly systemOptions: unknown },
  schedule: Schedule,
  { runId, startedAt }: RunIdentity,
  cluster: Cluster,
): { readonly dir: string; readonly recorder: Recorder } {
  const { name, seed } = options;
  const dir = runDirectory(options.results, { name, startedAt, seed });
  const chosen = options.workload.map((each) => workloads[each]);
  const dataTypes = chosen.map(({ dataType }) => dataType);
  const most = (of: 'overall' | 'perFaultWindow'): number =>
    Math.max(...chosen.map((each) => each.minimumOk[of]));
  const header: RunHeader = {
    runId,
    name,
    seed,
    startedAt,
    nodes: cluster.nodes.map((node) => node.name),
    // With what it was to do: a file may be gone, and a later version may plan otherwise.
    config: {
      ...options,
      plan: schedule,
      extensions: extensionsOf(options),
      promises: promisesOf(system, systemOptions, dataTypes),
    },
    versions: { ...versionsOf(), [system.name]: system.version },
    environment: environmentOf(cluster),
    minimumOk: { overall: most('overall'), perFaultWindow: most('perFaultWindow') },
    replay: replayLine(options),
  };
  const { deterministic = false } = cluster.world;
  return { dir, recorder: openRun(dir, header, { reproducible: deterministic }) };
}

/** Brings everything into the file. What cannot be written does not keep the rest from being judged. */
async function save(
  recorder: Recorder,
  cluster: Cluster,
  system: AnySystem,
  clock: Clock,
  ending: Ending,
  problems: string[],
): Promise<Ending> {
  const durationNs = clock.nowNs();
  if (!ending.halted) {
    const problem = await saveLogs(cluster, system, recorder, clock);
    if (problem !== null) problems.push(problem);
  }
  recorder.state(ending.state, ending.message ?? undefined);
  try {
    saveRun(recorder, durationNs);
    return ending;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    problems.push(message);
    return { ...ending, state: 'aborted', message: ending.message ?? message };
  }
}

/** Returns what went wrong, or null. */
async function tearDown(cluster: Cluster): Promise<string | null> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    const text = `not done after ${destroyTimeoutMs / 1000} s`;
    timer = cluster.world.clock.timer(destroyTimeoutMs, () => reject(new Error(text)));
  });
  try {
    await Promise.race([cluster.destroy(), late]);
    return null;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return `the cluster could not be removed (${text}); run: amnesia clean`;
  } finally {
    timer?.cancel();
  }
}
