/**
 * A history as plain values that can be compared: dense numbers of keys, sessions, values and
 * contexts are replaced by what they stand for, since two readers may number them differently.
 */
import type { History, Ragged } from '../../../checkers/history/history.ts';
import { dotsOf } from '../../../checkers/history/versions.ts';

export function comparable(history: History) {
  const bySession = new Map<number, number[]>();
  for (let i = 0; i < history.n; i++) {
    const session = history.session[i];
    const rows = bySession.get(session) ?? [];
    rows.push(history.index[i]);
    bySession.set(session, rows);
  }
  return {
    n: history.n,
    rows: Array.from({ length: history.n }, (_, i) => rowOf(history, i)),
    sessions: [...bySession.values()].sort((a, b) => a[0] - b[0]),
    writes: history.writes,
    values: history.values,
    writeOps: Array.from(history.writeOp)
      .map(
        (row, id) =>
          `${id === 0 ? '-' : history.valueText(id)} ${row === -1 ? '' : history.index[row]}`,
      )
      .sort(),
    duplicates: pairs(history),
    faults: history.faults,
    samples: history.samples,
    logs: history.logs,
  };
}

function rowOf(history: History, i: number) {
  const texts = (ragged: Ragged | null): string[] => {
    if (ragged === null) return [];
    const part = Array.from(ragged.data.subarray(ragged.off[i], ragged.off[i + 1]));
    return part.map((id) => (id < 0 ? '-' : '+') + history.valueText(Math.abs(id))).sort();
  };
  const name = (names: readonly string[], id: number | undefined): string | null =>
    id === undefined || id === -1 ? null : names[id];
  return {
    index: history.index[i],
    kind: history.kind[i],
    status: history.status[i],
    flags: history.flags[i],
    phase: history.phase[i],
    process: history.process[i],
    key: name(history.keys, history.key[i]),
    value: history.value[i] === 0 ? 'initial' : history.valueText(history.value[i]),
    node: name(history.nodes, history.node[i]),
    invoke: history.invoke[i],
    complete: history.complete[i],
    delta: texts(history.delta),
    expected: history.expected === null ? null : history.valueText(history.expected[i]),
    siblings: texts(history.siblings),
    confidence: history.confidence?.[i] ?? Number.NaN,
    hops: history.hops?.[i] ?? 255,
    server: name(history.nodes, history.server?.[i]),
    error: name(history.errors, history.error?.[i]),
    late: history.late?.[i] ?? 0,
    f: history.fs[history.f[i]],
    ...versionOf(history, i),
  };
}

function versionOf(history: History, i: number) {
  const { versions } = history;
  if (versions === null) return { dot: null, context: null };
  const { actors, dotActor, dotCounter, context, contexts } = versions;
  const at = context[i];
  const counters = contexts.subarray(at * actors.length, (at + 1) * actors.length);
  const single = dotsOf(versions, at).map(([actor, counter]) => `${actors[actor]}:${counter}`);
  const vector = actors
    .map((actor, a) => `${actor}:${counters[a]}`)
    .filter((t) => !t.endsWith(':0'));
  return {
    dot: dotActor[i] === -1 ? null : `${actors[dotActor[i]]}:${dotCounter[i]}`,
    context:
      at === -1 ? null : [...vector.sort(), ...single.map((dot) => `+${dot}`).sort()].join(' '),
  };
}

function pairs(history: History): string[] {
  const found: string[] = [];
  const { duplicates } = history;
  if (duplicates === null) return found;
  for (let i = 0; i < duplicates.length; i += 2) {
    found.push(`${history.index[duplicates[i]]} ${history.valueText(duplicates[i + 1])}`);
  }
  return found.sort();
}
