/**
 * A worker of a campaign: takes runs one after another from the campaign's process and answers with the
 * exit code that `amnesia test` would have had. The history and the verdict are in the run file. Ends
 * when the campaign does.
 */

import { chooseRuntime } from '../cluster/runtime.ts';
import { parseOptions } from '../run/options.ts';
import { performRun } from '../run/run.ts';
import { exitCodeOf, explain } from '../world/exit-codes.ts';
import type { WorkerAnswer, WorkerTask } from './executor.ts';
import { rawOf } from './spec.ts';

const never = new AbortController().signal;

async function perform({ index, options }: WorkerTask): Promise<WorkerAnswer> {
  try {
    const parsed = parseOptions(rawOf(options), 0);
    const { createCluster } = await chooseRuntime(parsed.runtime);
    const { judgement, message } = await performRun(parsed, {
      createCluster,
      stop: never,
      halt: never,
      observer: { phase: () => {}, event: () => {}, progress: () => {} },
    });
    if (judgement === null) return { index, exitCode: 255, message };
    return { index, exitCode: exitCodeOf(judgement.valid), message };
  } catch (error) {
    const { exitCode, text } = explain(error);
    return { index, exitCode, message: text };
  }
}

process.on('disconnect', () => process.exit(0));
process.on('message', (task) => {
  void perform(task as WorkerTask).then((answer) => process.send!(answer));
});
