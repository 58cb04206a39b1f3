/**
 * Witnesses: the few operations that prove a violation. A witness is *confirmed* by checking it alone, with the
 * same detector, and *minimal* when it passes without any one of its operations.
 *
 * The detector finds rows; what is said about them is said here and nowhere else.
 */
import { buildHistory, HistoryError, type PlainOperation } from '../history/build.ts';
import { Flag, type History, isWrite, Kind, Status } from '../history/history.ts';
import { dotsOf } from '../history/versions.ts';

/** The elements that a whole-object read returned, as value ids. */
export function elementsAt(history: History, row: number): Set<number> {
  const present = new Set<number>();
  const { delta, session, key, status, kind } = history;
  if (!delta) return present;
  for (let i = 0; i <= row; i++) {
    if (session[i] !== session[row] || key[i] !== key[row] || status[i] !== Status.Ok) continue;
    if (kind[i] !== Kind.ReadAll && kind[i] !== Kind.ReadList) continue;
    for (let j = delta.off[i]; j < delta.off[i + 1]; j++) {
      const id = delta.data[j];
      if (id > 0) present.add(id);
      else present.delete(-id);
    }
  }
  return present;
}

/** An operation by itself; a read of the whole has all value ids that it returned. */
function plain(history: History, row: number): PlainOperation {
  const kind = history.kind[row];
  const session = String(history.session[row]);
  const status =
    history.status[row] === Status.Ok
      ? 'ok'
      : history.status[row] === Status.Fail
        ? 'fail'
        : 'info';
  const complete = history.complete[row];
  const whole = kind === Kind.ReadAll || kind === Kind.ReadList;
  const id = history.value[row];
  const own = isWrite(kind) || kind === Kind.Delete ? id : id === 0 ? null : id;
  const value = whole ? [...elementsAt(history, row), ...duplicatesAt(history, row)] : own;
  return {
    index: row,
    process: session,
    session,
    f: history.fs[history.f[row]],
    kind,
    key: history.key[row] < 0 ? null : history.keys[history.key[row]],
    value: status === 'ok' || isWrite(kind) ? value : null,
    ...(kind === Kind.Cas ? { expected: history.expected?.[row] || null } : {}),
    invoke: history.invoke[row],
    complete: Number.isFinite(complete) ? complete : null,
    status,
    final: (history.flags[row] & Flag.Final) !== 0,
    stale: (history.flags[row] & Flag.Stale) !== 0,
    node: history.node[row] < 0 ? null : history.nodes[history.node[row]],
    siblings: siblingsAt(history, row),
    ...versionsAt(history, row),
  };
}

function siblingsAt({ siblings }: History, row: number): (number | null)[] | null {
  if (!siblings || siblings.off[row] === siblings.off[row + 1]) return null;
  return [...siblings.data.subarray(siblings.off[row], siblings.off[row + 1])].map(
    (id) => id || null,
  );
}

function versionsAt(
  { versions }: History,
  row: number,
): Pick<PlainOperation, 'dot' | 'context' | 'contextDots'> {
  if (!versions) return {};
  const { actors, dotActor, dotCounter, context, contexts } = versions;
  const at = context[row] * actors.length;
  const single = at < 0 ? [] : dotsOf(versions, context[row]);
  return {
    dot: dotActor[row] < 0 ? null : `${actors[dotActor[row]]}:${dotCounter[row]}`,
    context:
      at < 0 ? null : Object.fromEntries(actors.map((actor, i) => [actor, contexts[at + i]])),
    contextDots: single.map(([actor, counter]) => `${actors[actor]}:${counter}`),
  };
}

function duplicatesAt({ duplicates }: History, row: number): number[] {
  const ids: number[] = [];
  for (let i = 0; duplicates && i < duplicates.length; i += 2) {
    if (duplicates[i] === row) ids.push(duplicates[i + 1]);
  }
  return ids;
}

/** Only these rows; reads of wholes show only what these rows add, and what nobody added. */
function project(
  history: History,
  rows: readonly number[],
  operation: ReadonlyMap<number, PlainOperation>,
): PlainOperation[] {
  const written = new Set(
    rows.filter((row) => isWrite(history.kind[row])).map((row) => history.value[row]),
  );
  return rows.map((row) => {
    const each = operation.get(row)!;
    if (!Array.isArray(each.value)) return each;
    const value = each.value.filter((id: number) => written.has(id) || id > history.writes);
    return { ...each, value };
  });
}

export interface Witness {
  /** Rows in log order. */
  readonly rows: readonly number[];
  readonly confirmed: boolean;
  readonly minimal: boolean;
}

/**
 * Work before a witness is shown as far as it got: how often a reduced history is checked, and how many
 * operations that checked in all. Counted and not timed, so that the same history has the same witness.
 */
const checksMax = 2000;
const checkedMax = 100_000;

/**
 * Leaves out operations while the rest still fails: first large parts (Zeller and Hildebrandt's ddmin,
 * 2002), at last one by one until every single one is needed.
 */
export function shrink(
  history: History,
  rows: readonly number[],
  fails: (reduced: History) => boolean,
): Witness {
  let checks = 0;
  let checked = 0;
  const mayGoOn = (): boolean => checks < checksMax && checked < checkedMax;
  const operation = new Map<number, PlainOperation>();
  for (const row of rows) operation.set(row, plain(history, row));
  const violates = (some: readonly number[]): boolean => {
    checks++;
    checked += some.length;
    try {
      return fails(buildHistory(project(history, some, operation)));
    } catch (error) {
      // Reduced to something that is no history: then it proves nothing.
      if (error instanceof HistoryError) return false;
      throw error;
    }
  };
  let kept = [...operation.keys()].sort((left, right) => left - right);
  if (!violates(kept)) return { rows: kept, confirmed: false, minimal: false };
  for (let size = kept.length >> 1; size >= 1 && mayGoOn(); ) {
    let removed = false;
    for (let start = 0; start < kept.length && mayGoOn(); ) {
      const without = kept.toSpliced(start, size);
      if (without.length > 0 && violates(without)) {
        kept = without;
        removed = true;
      } else {
        start += size;
      }
    }
    if (size > 1) size = size >> 1;
    else if (!removed) return { rows: kept, confirmed: true, minimal: true };
  }
  return { rows: kept, confirmed: true, minimal: kept.length === 1 };
}

function seconds(ns: number): string {
  return Number.isFinite(ns) ? `${(ns / 1e9).toFixed(3)} s` : 'never';
}

export function keyName(history: History, row: number): string {
  const key = history.key[row];
  return key < 0 ? '(no key)' : history.keys[key];
}

export function valueName(history: History, id: number): string {
  return id === 0 ? 'the initial value' : history.valueText(id);
}

function through(history: History, row: number): string {
  const node = history.node[row];
  if (node < 0) return '';
  const server = history.server?.[row] ?? -1;
  const served = server < 0 || server === node ? '' : ` (served by ${history.nodes[server]})`;
  return ` through ${history.nodes[node]}${served}`;
}

function who(history: History, row: number): string {
  const process = history.process[row];
  return process < 0 ? `session ${history.session[row]}` : `process ${process}`;
}

const elementsShownMax = 6;

function listed(history: History, ids: readonly number[]): string {
  const shown = ids.slice(0, elementsShownMax).map((id) => valueName(history, id));
  const more = ids.length > elementsShownMax ? ` and ${ids.length - elementsShownMax} more` : '';
  return `${shown.join(', ')}${more}`;
}

/** One operation as a sentence. `interesting`: the elements of a set that matter here. */
export function describe(
  history: History,
  row: number,
  interesting: ReadonlySet<number> = new Set(),
): string {
  const kind = history.kind[row];
  const key = keyName(history, row);
  const at = `at ${seconds(isWrite(kind) ? history.invoke[row] : history.complete[row])}`;
  const ended =
    history.status[row] === Status.Ok
      ? ''
      : history.status[row] === Status.Fail
        ? ', which failed'
        : ', and nobody knows whether it took effect';
  if (isWrite(kind)) {
    const verb = kind === Kind.Write ? 'wrote' : kind === Kind.Cas ? 'swapped in' : 'added';
    const value = valueName(history, history.value[row]);
    return `${who(history, row)} ${verb} ${value} to ${key}${through(history, row)} ${at}${ended}`;
  }
  if (history.status[row] !== Status.Ok) {
    return `${who(history, row)} asked for ${key}${through(history, row)} ${at}${ended}`;
  }
  if (kind === Kind.ReadAll || kind === Kind.ReadList) {
    const present = elementsAt(history, row);
    const seen = [...interesting].filter((id) => present.has(id));
    const missing = [...interesting].filter((id) => !present.has(id));
    const parts = [`${present.size} elements`];
    if (seen.length > 0) parts.push(`${listed(history, seen)} among them`);
    if (missing.length > 0) parts.push(`without ${listed(history, missing)}`);
    return `${who(history, row)} read ${key}${through(history, row)} ${at}: ${parts.join(', ')}`;
  }
  const value = valueName(history, history.value[row]);
  return `${who(history, row)} read ${value} from ${key}${through(history, row)} ${at}`;
}

function short(history: History, row: number, interesting: ReadonlySet<number>): string {
  const kind = history.kind[row];
  const key = keyName(history, row).split('/').at(-1);
  const mark =
    history.status[row] === Status.Info ? '?' : history.status[row] === Status.Fail ? '!' : '';
  if (isWrite(kind)) return `w ${key}=${valueName(history, history.value[row])}${mark}`;
  if (kind === Kind.ReadAll || kind === Kind.ReadList) {
    const present = elementsAt(history, row);
    const marks = [...interesting].map(
      (id) => `${present.has(id) ? '+' : '-'}${valueName(history, id)}`,
    );
    return `r ${key}{${marks.join(' ')}}`;
  }
  const id = history.value[row];
  return `r ${key}=${id === 0 ? 'initial' : valueName(history, id)}`;
}

/** One line for each session, time to the right, one column for each operation. */
export function lanes(history: History, rows: readonly number[]): string[] {
  const interesting = writtenIn(history, rows);
  const labels = rows.map((row) => short(history, row, interesting));
  const owners = [...new Set(rows.map((row) => history.session[row]))];
  const width = Math.max(
    ...owners.map((session) => who(history, firstOf(history, rows, session)).length),
  );
  return owners.map((session) => {
    const cells = rows.map((row, i) =>
      history.session[row] === session ? labels[i] : '.'.repeat(labels[i].length),
    );
    return `${who(history, firstOf(history, rows, session)).padEnd(width)} | ${cells.join(' ')}`;
  });
}

function firstOf(history: History, rows: readonly number[], session: number): number {
  return rows.find((row) => history.session[row] === session)!;
}

/** Value ids that the rows write. */
export function writtenIn(history: History, rows: readonly number[]): Set<number> {
  return new Set(rows.filter((row) => isWrite(history.kind[row])).map((row) => history.value[row]));
}

/** A sentence for each row. */
export function steps(history: History, rows: readonly number[]): string[] {
  const interesting = writtenIn(history, rows);
  return rows.map((row) => describe(history, row, interesting));
}

export function indices(history: History, rows: readonly number[]): number[] {
  return rows.map((row) => history.index[row]);
}
