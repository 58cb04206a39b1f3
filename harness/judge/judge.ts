/**
 * From a run file to a stored verdict: the one way that `amnesia test` and `amnesia check` both
 * take, so that they cannot differ. Damaged files and histories that cannot be judged end as
 * `unknown` with the reason; a violation that is found nevertheless wins.
 */
import { basename, dirname, relative } from 'node:path';
import { HistoryError } from '../../checkers/history/build.ts';
import { Flag, type History, Status } from '../../checkers/history/history.ts';
import { checkers, defaultCheckOptions } from '../../checkers/index.ts';
import type { CheckOptions } from '../../checkers/verdict/checker.ts';
import { decide, type Valid, type Verdict } from '../../checkers/verdict/verdict.ts';
import { type LoadedRun, loadOpen } from '../columns/columns.ts';
import { isSealed } from '../columns/sealed.ts';
import { RunFileError } from '../store/errors.ts';
import { openRunFile, type RunFile, type RunSummary, readSummary } from '../store/run-file.ts';
import { saveVerdicts } from '../store/verdicts.ts';
import { type Assignment, type SecondThread, secondThreadFor } from './second-thread.ts';
import { judgeInTwo } from './two-threads.ts';
import type { VerdictScreen } from './verdict-screen.ts';

export interface JudgeOptions {
  /** Names of checkers; all where left out. */
  readonly checkers?: readonly string[];
  /** What the store is to be held to, instead of what the run says. */
  readonly promises?: CheckOptions['promises'];
  readonly models?: CheckOptions['models'];
  readonly maxAnomalies?: number;
  readonly realTime?: boolean;
  /** s, for each checker. */
  readonly timeLimitS?: number;
  /** Of the whole process, 2^20 bytes. */
  readonly memoryMb?: number;
  /** JSON text of the value that stands for "nothing was written yet", beside null. */
  readonly initial?: string;
  /** Keep the verdict in the run file. Default true. */
  readonly store?: boolean;
}

export interface Judgement {
  readonly valid: Valid;
  readonly verdicts: readonly Verdict[];
  readonly screen: VerdictScreen;
  /** Only some checkers were asked: the run's own verdict may rest on others. */
  readonly partial: boolean;
  /** Number of the check in the run file; null when it was not stored. */
  readonly checkNo: number | null;
}

/** Limits for one checker where none are given. */
const TIME_LIMIT_S = 300;
const MEMORY_MB = 4096;
/** What columns take at least. */
const OPERATION_BYTES = 48;

/** A verdict about the run as a whole, when there is no history to be checked. */
function cannotJudge(
  reason: 'aborted' | 'harness-error' | 'checker-memory',
  message: string,
): Verdict {
  return {
    checker: 'history',
    version: '1',
    valid: 'unknown',
    reason,
    message,
    figures: {},
    anomalies: [],
    counts: {},
  };
}

/**
 * Judges a stored run. Throws RunFileError when `path` is no run file at all; one that is too
 * damaged to be read is `unknown`. A verdict that cannot be stored is returned all the same, with a
 * note. `early`: a thread for this run that was started before this was loaded; it is used up.
 */
export function judgeRun(
  path: string,
  options: JudgeOptions = {},
  early: SecondThread | null = null,
): Judgement {
  const judgement = readAndJudge(path, options, early);
  if (options.store === false) return judgement;
  const { verdicts, screen } = judgement;
  try {
    const { store: _, ...kept } = options;
    return { ...judgement, checkNo: saveVerdicts(path, verdicts, kept) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const notes = [...screen.notes, `the verdict could not be stored: ${reason}`];
    return { ...judgement, screen: { ...screen, notes } };
  }
}

function readAndJudge(path: string, options: JudgeOptions, early: SecondThread | null): Judgement {
  const thread = early ?? (options.checkers === undefined ? secondThreadFor(path) : null);
  try {
    const file = openRunFile(path);
    try {
      return judgeOpen(file, options, [], thread);
    } finally {
      file.db.close();
    }
  } catch (error) {
    if (!(error instanceof RunFileError) || error.code !== 'run-file-damaged') throw error;
    return show(path, null, null, [cannotJudge('aborted', error.message)], []);
  } finally {
    thread?.end();
  }
}

/**
 * The same for a file that is open; nothing is stored. `remarks`: what reading it has shown; `thread`: one that waits
 * to help.
 */
export function judgeOpen(
  file: RunFile,
  options: JudgeOptions = {},
  remarks: readonly string[] = [],
  thread: SecondThread | null = null,
): Judgement {
  const summary = readSummary(file);
  // A damaged file may not even say how long it is; what is read of it is read row by row.
  const tooLong = file.damage === null ? beyondMemory(file, options) : null;
  if (tooLong !== null) {
    const verdict = cannotJudge('checker-memory', tooLong);
    return show(file.path, summary, null, [verdict], remarks);
  }
  const { initial } = options;
  const loaded = load(() => loadOpen(file, { initial, digestLater: thread !== null }));
  if (loaded instanceof HistoryError) {
    const verdict = cannotJudge('harness-error', loaded.message);
    return show(file.path, summary, null, [verdict], remarks);
  }
  const { history } = loaded;
  const aborted = summary.state !== 'done' || loaded.damaged;
  const notes = [...remarks, ...loaded.notes, ...endOf(summary)];
  const assignment = assign(summary, history, aborted, options);
  const judged = judgeInTwo(history, file, loaded.unattempted ?? [], assignment, thread);
  if (thread !== null && loaded.from === 'chunks' && !(judged.isSealed ?? isSealed(file))) {
    // The rows are not those of which the columns were made.
    return judgeOpen(file, options, remarks);
  }
  const { faults, nodes } = history;
  const seen = { counts: countOutcomes(history), faults, nodes };
  const partial = isPartial(options);
  const asked = assignment.names.join(', ');
  if (partial) notes.push(`partial: only ${asked} judged this; what others found stays as it was`);
  const judgement = show(
    file.path,
    summary,
    seen,
    withReason(judged.verdicts, aborted, notes),
    notes,
  );
  return { ...judgement, partial };
}

/** What is to be said of a run that did not come to its end. */
function endOf({ state, stateMessage }: RunSummary): string[] {
  if (state === 'done') return [];
  if (state === 'running') {
    return ['the run is still going on: this is about what there is so far'];
  }
  return [`the run was ${state}: ${stateMessage ?? 'no reason was recorded'}`];
}

/** Known before anything is loaded, so that a history that is too long ends no process. */
function beyondMemory(file: RunFile, { memoryMb = MEMORY_MB }: JudgeOptions): string | null {
  const one = (what: string): number =>
    file.db.prepare<[], { n: number | null }>(`SELECT ${what} AS n FROM op`).get()!.n ?? 0;
  const mb = (operations: number): number => Math.ceil((operations * OPERATION_BYTES) / 2 ** 20);
  // To count them is to read them; their last index is enough to know that they are few.
  if (mb(one('max(idx) + 1')) <= memoryMb) return null;
  const n = one('count(*)');
  const needMb = mb(n);
  if (needMb <= memoryMb) return null;
  return (
    `${n} operations need at least ${needMb} MB in memory and ${memoryMb} MB are allowed: allow more ` +
    'with --memory-mb'
  );
}

function load(read: () => LoadedRun): LoadedRun | HistoryError {
  try {
    return read();
  } catch (error) {
    if (error instanceof HistoryError) return error;
    throw error;
  }
}

/** Names of all checkers, in the order in which they are shown. */
export const checkerNames: readonly string[] = Object.keys(checkers);

/** What can say something of the history, which another tool may have recorded. */
function checkersFor(
  history: History,
  isForeign: boolean,
  asked: readonly string[],
): readonly string[] {
  if (!isForeign) return checkerNames;
  const isSettled = history.flags.some((each) => (each & Flag.Final) !== 0);
  return checkerNames.filter((name) => {
    const { foreign, property } = checkers[name];
    if (property !== undefined && asked.includes(property)) return true;
    return foreign === 'judged' || (foreign === 'judged with final reads' && isSettled);
  });
}

/** Names that an option of the run itself had, so that a later check asks for the same. */
function recordedNames<Name extends string>(
  value: unknown,
  known: readonly Name[],
): readonly Name[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const found = known.filter((name) => value.includes(name));
  return found.length > 0 ? found : undefined;
}

const MODELS = ['cc', 'ccv', 'cm'] as const;

function settingsOf(summary: RunSummary, aborted: boolean, options: JudgeOptions): CheckOptions {
  const { minimumOk, config } = summary;
  const recorded = Array.isArray(config.promises)
    ? (config.promises as CheckOptions['promises'])
    : defaultCheckOptions.promises;
  const promises = options.promises ?? recorded;
  const realTime = options.realTime === true || promises.includes('linearizable');
  const models = options.models ?? recordedNames(config.model, MODELS);
  return {
    ...defaultCheckOptions,
    aborted,
    ...(models === undefined ? {} : { models }),
    ...(options.maxAnomalies === undefined ? {} : { maxAnomalies: options.maxAnomalies }),
    realTime,
    promises:
      realTime && !promises.includes('linearizable') ? [...promises, 'linearizable'] : promises,
    asked: [...(isPartial(options) ? options.checkers! : []), ...(options.promises ?? [])],
    ...(minimumOk === null ? {} : { minimumOk }),
  };
}

/** Who names fewer than all wants those decided. */
function isPartial({ checkers: named }: JudgeOptions): boolean {
  return named !== undefined && named.length < checkerNames.length;
}

/** Who judges, and with which limits; what the run itself says (minimum of ok operations) goes along. */
function assign(
  summary: RunSummary,
  history: History,
  aborted: boolean,
  options: JudgeOptions,
): Assignment {
  return {
    names:
      options.checkers ??
      recordedNames(summary.config.checkers, checkerNames) ??
      checkersFor(history, summary.source !== null, options.promises ?? []),
    options: settingsOf(summary, aborted, options),
    timeLimitMs: (options.timeLimitS ?? TIME_LIMIT_S) * 1000,
    memoryMaxBytes: (options.memoryMb ?? MEMORY_MB) * 2 ** 20,
  };
}

/** An unfinished run is never green: if no checker said so, it is said here. */
function withReason(
  verdicts: readonly Verdict[],
  aborted: boolean,
  notes: readonly string[],
): readonly Verdict[] {
  if (!aborted || decide(verdicts) !== true) return verdicts;
  return [
    ...verdicts,
    cannotJudge('aborted', notes.at(-1) ?? 'the run was stopped before its end'),
  ];
}

function show(
  path: string,
  summary: RunSummary | null,
  seen: Pick<VerdictScreen, 'counts' | 'faults' | 'nodes'> | null,
  verdicts: readonly Verdict[],
  notes: readonly string[],
): Judgement {
  const valid = decide(verdicts);
  const stored = basename(path) === 'run.sqlite';
  const screen: VerdictScreen = {
    name: summary?.name ?? basename(dirname(dirname(path))),
    seed: summary?.seed ?? null,
    valid,
    verdicts,
    ...(seen ?? { counts: { ok: 0, fail: 0, info: 0 }, faults: [], nodes: [] }),
    duration: summary?.duration ?? null,
    notes,
    run: stored ? shortest(dirname(path)) : path.endsWith('.sqlite') ? shortest(path) : null,
    replay: (summary?.replay ?? '') === '' ? null : summary!.replay,
    digest: summary?.environment.digest ?? null,
  };
  return { valid, verdicts, screen, partial: false, checkNo: null };
}

function countOutcomes(history: History): VerdictScreen['counts'] {
  const { n, status } = history;
  let ok = 0;
  let fail = 0;
  for (let i = 0; i < n; i++) {
    if (status[i] === Status.Ok) ok++;
    else if (status[i] === Status.Fail) fail++;
  }
  return { ok, fail, info: n - ok - fail };
}

/** The shorter way to write a path: from here or from the root. */
function shortest(dir: string): string {
  const near = relative(process.cwd(), dir);
  return near !== '' && near.length < dir.length ? near : dir;
}
