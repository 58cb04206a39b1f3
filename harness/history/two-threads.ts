/**
 * Long histories are judged by two threads: columns lie in shared memory, so the second one is handed the history
 * without a copy and gives verdicts back, which are plain values. Its checkers and ours share no scan.
 * Whatever goes wrong over there, its checkers are run here then.
 *
 * A thread needs as long to start as a short history needs to be judged, so it is started while the history is
 * still to be read.
 */
import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import type { CheckOptions } from '../../checkers/checker.ts';
import { compose, limitedBudget } from '../../checkers/compose.ts';
import type { History } from '../../checkers/history.ts';
import { checkers } from '../../checkers/index.ts';
import type { Verdict } from '../../checkers/verdict.ts';
import type { RunFile } from './run-file.ts';
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
}

/** What the second thread answers. */
export interface Answer {
  readonly verdicts: readonly Verdict[];
  /** Whether the columns are those of the rows; null where that was not asked, or the file could not be read. */
  readonly isSealed: boolean | null;
}

/** What the second thread starts with; what it is to judge comes through the port. */
export interface Start {
  readonly port: MessagePort;
  /** One number. */
  readonly state: Int32Array;
  /** While it waits it compares the rows of this file with its columns; null: there is nothing to compare. */
  readonly path: string | null;
}

export const State = { Idle: 0, Handed: 1, Working: 2, Done: 3 } as const;

/** They take about half of the time, and look at nothing that the others have found out. */
const SECOND: ReadonlySet<string> = new Set([
  'linearizable',
  'availability',
  'staleness',
  'outcomes',
  'stats',
]);

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

/** A thread that waits for something to judge. */
export interface SecondThread {
  /** Returns how to get the answer: it waits, and returns null where there is none. */
  hand(handed: Handed): (timeoutMs: number) => Answer | null;
  end(): void;
}

/** Files from which on it is likely that a second thread will be wanted. Sealed, an operation has 200 bytes or more. */
const fileBytesMin = SHARED_FROM * 200;

/** A second thread for a run that has not been read yet, where its file is long enough; else null. */
export function secondThreadFor(path: string): SecondThread | null {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return size >= fileBytesMin && canStart() ? startThread(path) : null;
}

function canStart(): boolean {
  // Sources are not built: there is no file that a thread could run.
  return import.meta.url.endsWith('.js') && availableParallelism() >= 2;
}

/**
 * Verdicts in the order of the names, and whether the columns are those of the rows, which the second thread finds
 * out, if there is one. `thread`: one that has been started.
 */
export function judgeInTwo(
  history: History,
  file: RunFile,
  unattempted: readonly string[],
  assignment: Assignment,
  thread: SecondThread | null,
): Answer {
  const far = assignment.names.filter((name) => SECOND.has(name));
  const near = assignment.names.filter((name) => !SECOND.has(name));
  const isShared = history.invoke.buffer instanceof SharedArrayBuffer;
  if (!isShared || near.length === 0 || far.length === 0 || !(thread || canStart())) {
    return { verdicts: judge(history, assignment), isSealed: null };
  }
  const second = thread ?? startThread(null);
  try {
    const { valueText: _, ...columns } = history;
    const verdictsOf = second.hand({
      assignment: { ...assignment, names: far },
      // What was seen of the cluster and its logs is for the checkers that stay here.
      history: { ...columns, samples: [], logs: [] },
      path: file.path,
      unattempted,
    });
    const here = judge(history, { ...assignment, names: near });
    const there = verdictsOf(assignment.timeLimitMs * far.length);
    const rest = there?.verdicts ?? judge(history, { ...assignment, names: far });
    const all = [...here, ...rest];
    return {
      verdicts: assignment.names.map((name) => all.find((each) => each.checker === name)!),
      isSealed: there?.isSealed ?? null,
    };
  } finally {
    second.end();
  }
}

function startThread(path: string | null): SecondThread {
  const state = new Int32Array(new SharedArrayBuffer(4));
  const { port1, port2 } = new MessageChannel();
  // From here, and from the bundle of a command, it is in the same place.
  const worker = new Worker(new URL('../history/checker-thread.js', import.meta.url), {
    workerData: { port: port2, state, path } satisfies Start,
    transferList: [port2],
  });
  worker.on('error', () => {});
  worker.unref();
  return {
    hand(handed) {
      port1.postMessage(handed);
      enter(state, State.Handed);
      return (timeoutMs) => {
        Atomics.wait(state, 0, State.Handed, startDeadlineMs);
        if (Atomics.load(state, 0) === State.Working) {
          Atomics.wait(state, 0, State.Working, timeoutMs);
        }
        const message = receiveMessageOnPort(port1);
        return message === undefined ? null : (message.message as Answer);
      };
    },
    end() {
      port1.close();
      void worker.terminate();
    },
  };
}

export function enter(state: Int32Array, now: number): void {
  Atomics.store(state, 0, now);
  Atomics.notify(state, 0);
}
