/**
 * The second thread that helps to judge long histories: its start, and what is said to and by it. It needs as long
 * to start as a short history needs to be judged, so it is started before anything else, checkers
 * included, is loaded: this file imports none of that.
 */
import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import type { History } from '../../checkers/history/history.ts';
import type { CheckOptions } from '../../checkers/verdict/checker.ts';
import type { Verdict } from '../../checkers/verdict/verdict.ts';
import { SHARED_FROM } from '../columns/chunk-layout.ts';

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

const startDeadlineMs = 10_000;

/** A thread that waits for something to judge. */
export interface SecondThread {
  /** Returns how to get the answer: it waits, and returns null where there is none. */
  hand(handed: Handed): (timeoutMs: number) => Answer | null;
  end(): void;
}

/** Files from which on it is likely that a second thread will be wanted. Sealed, an operation has 200 bytes or more. */
const fileBytesMin = SHARED_FROM * 200;

/**
 * A second thread for a run (its folder or file) that has not been read yet, where its file is long enough; else
 * null.
 */
export function secondThreadFor(run: string): SecondThread | null {
  const path = run.endsWith('.sqlite') ? run : join(run, 'run.sqlite');
  return sizeOf(path) >= fileBytesMin && canStart() ? startThread(path) : null;
}

/** 0 where there is none: whoever opens the run says what is wrong with it. */
function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

export function canStart(): boolean {
  // Sources are not built: there is no file that a thread could run.
  return !import.meta.url.endsWith('.ts') && availableParallelism() >= 2;
}

/** `path`: of the run file whose rows it is to compare with its columns, if any. */
export function startThread(path: string | null): SecondThread {
  const state = new Int32Array(new SharedArrayBuffer(4));
  const { port1, port2 } = new MessageChannel();
  // From here, and from the bundle of a command, it is in the same place.
  const worker = new Worker(new URL('../judge/checker-thread.js', import.meta.url), {
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
