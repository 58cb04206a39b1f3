/**
 * Long histories are judged by two threads: columns lie in shared memory, so the second one is handed the history
 * without a copy and gives verdicts back, which are plain values. Its checkers and ours share no scan.
 * Whatever goes wrong over there, its checkers are run here then.
 */
import { availableParallelism } from 'node:os';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { CheckOptions } from '../../checkers/checker.ts';
import { compose, limitedBudget } from '../../checkers/compose.ts';
import type { History } from '../../checkers/history.ts';
import { checkers } from '../../checkers/index.ts';
import type { Verdict } from '../../checkers/verdict.ts';
import { SHARED_FROM } from './sealed.ts';
import { valueTexts } from './value-texts.ts';

/** What judges a history: names of checkers, what they are asked, and what they may take. */
export interface Assignment {
  readonly names: readonly string[];
  readonly options: CheckOptions;
  /** Of each checker, ms. */
  readonly timeLimitMs: number;
  readonly memoryMaxBytes: number;
}

/** Handed to the second thread. */
export interface Handed {
  readonly assignment: Assignment;
  readonly history: Omit<History, 'valueText'>;
  readonly path: string;
  readonly unattempted: readonly string[];
  /** One number: 0 not begun, 1 at work, 2 done. */
  readonly state: Int32Array;
}

export const State = { Idle: 0, Working: 1, Done: 2 } as const;

/** They take about half of the time, and look at nothing that the others have found out. */
const SECOND: ReadonlySet<string> = new Set(['linearizable', 'availability', 'staleness', 'stats']);

const startDeadlineMs = 10_000;

export function judge(history: History, { names, options, ...limits }: Assignment): Verdict[] {
  return [
    ...compose(
      history,
      names.map((name) => checkers[name]!),
      options,
      () =>
        limitedBudget({
          ...limits,
          now: () => performance.now(),
          memoryBytes: () => {
            const { heapUsed, arrayBuffers } = process.memoryUsage();
            return heapUsed + arrayBuffers;
          },
        }),
    ).verdicts,
  ];
}

/** The history as the second thread sees it. */
export function historyOf({ history, path, unattempted }: Handed): History {
  const { writes, index, writeOp } = history;
  return { ...history, valueText: valueTexts(path, { writes, unattempted, index, writeOp }) };
}

/** Verdicts in the order of the names. `path`: the file of the run. */
export function judgeInTwo(
  history: History,
  path: string,
  unattempted: readonly string[],
  assignment: Assignment,
): Verdict[] {
  const far = assignment.names.filter((name) => SECOND.has(name));
  const near = assignment.names.filter((name) => !SECOND.has(name));
  const isShared = history.invoke.buffer instanceof SharedArrayBuffer;
  // Sources are not built: there is no file that a thread could run.
  const isBuilt = import.meta.url.endsWith('.js');
  const pays = history.n >= SHARED_FROM && near.length > 0 && far.length > 0;
  if (!isShared || !isBuilt || !pays || availableParallelism() < 2) {
    return judge(history, assignment);
  }
  const second = start(history, path, unattempted, { ...assignment, names: far });
  const here = judge(history, { ...assignment, names: near });
  const there = second(assignment.timeLimitMs * far.length);
  const verdicts = [...here, ...(there ?? judge(history, { ...assignment, names: far }))];
  return assignment.names.map((name) => verdicts.find((each) => each.checker === name)!);
}

/** Returns how to get the verdicts: it waits, and returns null where there are none. */
function start(
  history: History,
  path: string,
  unattempted: readonly string[],
  assignment: Assignment,
): (timeoutMs: number) => Verdict[] | null {
  const state = new Int32Array(new SharedArrayBuffer(4));
  const { port1, port2 } = new MessageChannel();
  const { valueText: _, ...columns } = history;
  const handed: Handed = {
    assignment,
    // What was seen of the cluster and its logs is for the checkers that stay here.
    history: { ...columns, samples: [], logs: [] },
    path,
    unattempted,
    state,
  };
  const worker = new Worker(new URL('./checker-thread.js', import.meta.url), {
    workerData: { handed, port: port2 },
    transferList: [port2],
  });
  worker.on('error', () => {});
  worker.unref();
  return (timeoutMs) => {
    Atomics.wait(state, 0, State.Idle, startDeadlineMs);
    if (Atomics.load(state, 0) === State.Working) Atomics.wait(state, 0, State.Working, timeoutMs);
    const message = receiveMessageOnPort(port1);
    port1.close();
    void worker.terminate();
    return message === undefined ? null : (message.message as Verdict[]);
  };
}
