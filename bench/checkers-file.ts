/** Writes a generated history as the file of a run, as the recorder would have. */

import { Flag, type History, Kind, PHASES, Status } from '../checkers/history/history.ts';
import { saveRun } from '../harness/columns/save.ts';
import { openRun } from '../harness/store/recorder.ts';

export function writeRun(dir: string, history: History): void {
  const { n, kind, status, flags, phase, session, key, value, invoke, complete, node } = history;
  const recorder = openRun(dir, {
    runId: 'bench',
    name: 'bench',
    seed: 7,
    startedAt: new Date().toISOString(),
    nodes: history.nodes,
    config: {},
    versions: {},
    environment: {},
    replay: '',
  });
  for (const [i, name] of PHASES.entries()) {
    const first = phase.indexOf(i);
    if (first >= 0) recorder.phase(name, invoke[first]);
  }
  for (let row = 0; row < n; row++) {
    const isWrite = kind[row] === Kind.Write;
    const isOk = status[row] === Status.Ok;
    const operation = {
      idx: row,
      process: session[row],
      thread: session[row],
      phase: PHASES[phase[row]],
      workload: 'register',
      f: isWrite ? 'write' : 'read',
      key: `register/${history.keys[key[row]]}`,
      node: history.nodes[node[row]],
      scheduled: invoke[row],
      invoked: invoke[row],
      ...((flags[row] & Flag.Final) === 0 ? {} : { final: true }),
    };
    const shown = value[row] === 0 ? null : value[row];
    recorder.invoke({ ...operation, value: isWrite ? shown : null });
    if (isOk) {
      recorder.complete({ ...operation, value: shown, completed: complete[row], outcome: 'ok' });
    }
  }
  recorder.state('done');
  saveRun(recorder, n * 1000);
}
