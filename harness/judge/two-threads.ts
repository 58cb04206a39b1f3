/**
 * Long histories are judged by two threads: columns lie in shared memory, so the second one is handed the history
 * without a copy and gives verdicts back, which are plain values. Its checkers and ours share no scan.
 * Whatever goes wrong over there, its checkers are run here then.
 */

import type { History } from '../../checkers/history/history.ts';
import { checkers } from '../../checkers/index.ts';
import { compose, limitedBudget } from '../../checkers/verdict/compose.ts';
import type { Verdict } from '../../checkers/verdict/verdict.ts';
import type { RunFile } from '../store/run-file.ts';
import { valueTexts } from '../store/value-texts.ts';
import {
  type Answer,
  type Assignment,
  canStart,
  type Handed,
  type SecondThread,
  startThread,
} from './second-thread.ts';

/** What looks at each key by itself takes about half of the time, and shares no scan with the rest. */
const isFar = (name: string): boolean => checkers[name].scope === 'key';

export function judge(history: History, { names, options, ...limits }: Assignment): Verdict[] {
  return [
    ...compose(
      history,
      names.map((name) => checkers[name]),
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
  const far = assignment.names.filter(isFar);
  const near = assignment.names.filter((name) => !isFar(name));
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
