/** The second thread of `two-threads.ts`: judges what it is handed, and says when it is done. */
import { type MessagePort, workerData } from 'node:worker_threads';
import { type Handed, historyOf, judge, State } from './two-threads.ts';

const { handed, port } = workerData as { readonly handed: Handed; readonly port: MessagePort };
const { state, assignment } = handed;

function enter(now: number): void {
  Atomics.store(state, 0, now);
  Atomics.notify(state, 0);
}

enter(State.Working);
try {
  port.postMessage(judge(historyOf(handed), assignment));
} finally {
  enter(State.Done);
}
