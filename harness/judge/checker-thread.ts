/** What the second thread runs (`second-thread.ts`): it judges what it is handed, and says when it is done. */
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { isSealed } from '../columns/sealed.ts';
import { openRunFile } from '../store/run-file.ts';
import { type Answer, enter, type Handed, type Start, State } from './second-thread.ts';
import { historyOf, judge } from './two-threads.ts';

const { port, state, path } = workerData as Start;

// The history is being read meanwhile, which takes about as long.
const isSealedFile = path === null ? null : look(path);
Atomics.wait(state, 0, State.Idle);
const handed = receiveMessageOnPort(port)?.message as Handed;
enter(state, State.Working);
try {
  const verdicts = judge(historyOf(handed), handed.assignment);
  port.postMessage({ verdicts, isSealed: isSealedFile } satisfies Answer);
} finally {
  enter(state, State.Done);
}

function look(path: string): boolean | null {
  try {
    const file = openRunFile(path);
    try {
      return isSealed(file);
    } finally {
      file.db.close();
    }
  } catch {
    return null;
  }
}
