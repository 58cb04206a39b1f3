/** Gathers what a page shows from a run file, its columns and its verdicts. Reads; decides nothing. */
import type { ClusterSample, FaultWindow, History } from '../../../checkers/history/history.ts';
import { Status } from '../../../checkers/history/history.ts';
import type { Valid, Verdict } from '../../../checkers/verdict/verdict.ts';
import type { RunFile, RunSummary } from '../../store/run-file.ts';
import { type Cause, findCauses, listedViolations } from '../cause/index.ts';
import { numberText } from '../figures.ts';
import { packColumns } from './columns.ts';
import type {
  ClockOffset,
  PageData,
  PageFault,
  PageLog,
  PageOperation,
  PageVerdict,
  View,
} from './page-data.ts';

export interface PageSource {
  readonly file: RunFile;
  readonly summary: RunSummary;
  readonly history: History;
  readonly verdicts: readonly Verdict[];
  readonly valid: Valid | null;
  readonly notes: readonly string[];
  /** How to name the run to other commands. */
  readonly run: string | null;
}

const logsMax = 4000;
const logTextMax = 400;
const operationsMax = 600;
const cellMax = 400;
/** Operations up to which the invocation is told to 1 us, then to 10 us. */
const fineMax = 50_000;

export interface Page {
  readonly data: PageData;
  readonly columns: Uint8Array;
}

export function gatherPage(source: PageSource): Page {
  const { file, summary, history, verdicts, notes, run } = source;
  const causes = findCauses(history, verdicts);
  const concurrency = Number(summary.config.concurrency);
  const stride = summary.source === null && Number.isSafeInteger(concurrency) ? concurrency : 0;
  const packed = packColumns(history, stride, history.n > fineMax ? 10 : 1);
  const { kept, leftOut } = logsOf(history);
  const violations = violationsOf(verdicts);
  const data: PageData = {
    format: 1,
    title: `${summary.name}${summary.seed === null ? '' : `, seed ${summary.seed}`}`,
    sentence: sentenceOf(source, causes),
    valid: source.valid,
    name: summary.name,
    seed: summary.seed,
    state: summary.state,
    startedAt: summary.startedAt,
    duration: Math.max(summary.duration ?? 0, lastMoment(history)),
    phases: phasesOf(summary),
    replay: summary.replay === '' ? null : summary.replay,
    run,
    digest: summary.environment.digest ?? null,
    config: texts(summary.config),
    versions: texts(summary.versions),
    environment: texts(summary.environment),
    counts: outcomesOf(history),
    notes,
    nodes: history.nodes,
    keys: history.keys.map((key) => clip(key)),
    errors: history.errors.map((error) => clip(error)),
    verdicts: verdicts.map(pageVerdict),
    causes,
    violations,
    operations: operationsOf(file, verdicts, causes, violations),
    faults: history.faults.map((fault) => pageFault(file, fault)),
    views: viewsOf(history),
    clocks: clocksOf(history.samples),
    logs: kept,
    logsLeftOut: leftOut,
    details: detailsOf(verdicts),
    columns: packed.head,
  };
  return { data, columns: packed.bytes };
}

/** The verdict in a sentence. */
function sentenceOf({ valid, verdicts, history }: PageSource, causes: readonly Cause[]): string {
  const { ok, fail, info } = outcomesOf(history);
  const all = `${numberText(ok + fail + info)} operations`;
  if (valid === true) {
    const judged = verdicts.filter((each) => each.valid === true && each.informational !== true);
    const faults = history.faults.length;
    const under =
      faults === 0 ? 'without a fault' : `under ${faults} fault${faults === 1 ? '' : 's'}`;
    return `Nothing was found: ${all} ${under}, judged by ${judged.length} checkers.`;
  }
  if (valid === null) return `Nobody has judged these ${all} yet.`;
  const wrong = verdicts.find((each) => each.valid === valid && each.informational !== true);
  if (valid === 'unknown') {
    return `It is not known whether anything went wrong: ${wrong?.message ?? 'no reason was given'}.`;
  }
  return (
    causes[0]?.sentence ?? `${wrong?.checker ?? 'A checker'}: ${wrong?.message ?? 'violated'}.`
  );
}

function outcomesOf({ n, status }: History): PageData['counts'] {
  const counts = { ok: 0, fail: 0, info: 0 };
  for (let row = 0; row < n; row++) {
    if (status[row] === Status.Ok) counts.ok++;
    else if (status[row] === Status.Fail) counts.fail++;
    else counts.info++;
  }
  return counts;
}

function lastMoment({ n, invoke, complete }: History): number {
  let last = 0;
  for (let row = 0; row < n; row++) {
    if (invoke[row] > last) last = invoke[row];
    if (Number.isFinite(complete[row]) && complete[row] > last) last = complete[row];
  }
  return last;
}

function phasesOf({ phases }: RunSummary): Record<string, number> {
  return Object.fromEntries(
    Object.entries(phases).filter((each): each is [string, number] => typeof each[1] === 'number'),
  );
}

function texts(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([name]) => name !== 'plan')
      .map(([name, value]) => [
        name,
        clip(typeof value === 'string' ? value : JSON.stringify(value)),
      ]),
  );
}

function clip(text: string, most = cellMax): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

function pageVerdict(verdict: Verdict): PageVerdict {
  return {
    checker: verdict.checker,
    valid: verdict.valid,
    reason: verdict.reason ?? null,
    message: clip(verdict.message, 2000),
    informational: verdict.informational === true,
    figures: verdict.figures,
    counts: verdict.counts,
    anomalies: verdict.anomalies.map(({ lanes: _, ...rest }) => ({
      ...rest,
      summary: clip(rest.summary, 2000),
      steps: rest.steps.slice(0, 60).map((step) => clip(step, 1000)),
    })),
  };
}

function violationsOf(verdicts: readonly Verdict[]): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  for (const verdict of verdicts) {
    if (verdict.valid !== false || verdict.informational === true) continue;
    for (const [pattern, ops] of listedViolations(verdict)) {
      found[pattern] = [...new Set([...(found[pattern] ?? []), ...ops])];
    }
  }
  return found;
}

/** Full rows of what the page names: witnesses first, then typical ones, then other violations. */
function operationsOf(
  { db }: RunFile,
  verdicts: readonly Verdict[],
  causes: readonly Cause[],
  violations: Readonly<Record<string, readonly number[]>>,
): PageOperation[] {
  const wanted = new Set([
    ...verdicts.flatMap(({ anomalies }) => anomalies.flatMap(({ ops }) => ops)),
    ...causes.flatMap(({ groups }) => groups.flatMap(({ typical }) => typical.ops)),
    ...causes.flatMap(({ groups }) => groups.flatMap(({ ops }) => ops.slice(0, 20))),
    ...Object.values(violations).flat(),
  ]);
  const one = db.prepare<[number], PageOperation>(
    `SELECT idx, process, f, outcome, invoked, completed, node, server, key,
       substr(value, 1, ${cellMax}) AS value, error, substr(message, 1, ${cellMax}) AS message, version, hops
     FROM op WHERE idx = ?`,
  );
  return [...wanted].slice(0, operationsMax).flatMap((idx) => one.get(idx) ?? []);
}

function pageFault({ db }: RunFile, fault: FaultWindow): PageFault {
  const row = db
    .prepare<[number], { proof: string | null }>('SELECT proof FROM fault WHERE id = ?')
    .get(fault.id);
  return {
    id: fault.id,
    kind: fault.kind,
    variant: fault.variant,
    description: clip(fault.description),
    start: fault.start,
    end: Number.isFinite(fault.end) ? fault.end : null,
    effective: fault.effective,
    healed: fault.healed,
    targets: fault.targets,
    grudge: fault.grudge,
    proof: lines(row?.proof ?? null),
  };
}

function lines(json: string | null): string[] {
  try {
    const value = JSON.parse(json ?? '[]') as unknown;
    return Array.isArray(value) ? value.slice(0, 40).map((line) => clip(String(line))) : [];
  } catch {
    return [];
  }
}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** Only what changed: a node that sees the same second after second is told once. */
function viewsOf({ samples, nodes }: History): View[] {
  const views: View[] = [];
  const states = nodes.map(() => '');
  const partitions = nodes.map(() => '');
  const told = nodes.map(() => '');
  for (const { time, node, path, body } of samples) {
    if (node < 0 || node >= nodes.length) continue;
    if (body === null) {
      states[node] = '';
      partitions[node] = '';
    } else if (path.startsWith('/cluster/nodes')) {
      states[node] = lettersOf(fields(body).nodes, nodes, node);
    } else if (path.startsWith('/cluster/health')) {
      const { state } = fields(fields(body).partition);
      partitions[node] = typeof state === 'string' ? clip(state, 20) : '';
    }
    const now = `${states[node]} ${partitions[node]}`;
    if (now === told[node]) continue;
    told[node] = now;
    views.push({ time, node, states: states[node], partition: partitions[node] });
  }
  return views;
}

function lettersOf(members: unknown, nodes: readonly string[], self: number): string {
  const letters: string[] = nodes.map((_, node) => (node === self ? '*' : '.'));
  for (const member of Array.isArray(members) ? members.map(fields) : []) {
    const at = nodes.indexOf(String(member.id));
    const state = String(member.state);
    if (at < 0 || at === self) continue;
    if (['alive', 'suspect', 'dead', 'left'].includes(state)) letters[at] = state[0];
  }
  return letters.join('');
}

/** Answers that say how far a node's clock is off: a body with `clock_offset_ms`. */
function clocksOf(samples: readonly ClusterSample[]): ClockOffset[] {
  return samples.flatMap(({ time, node, body }) => {
    const { clock_offset_ms: ms } = fields(body);
    return typeof ms === 'number' && Number.isFinite(ms) ? [{ time, node, ms }] : [];
  });
}

const LOUD: ReadonlySet<string> = new Set(['fatal', 'error', 'warn']);

/** The loud lines and as many of the others as there is room for. */
function logsOf({ logs }: History): { readonly kept: PageLog[]; readonly leftOut: number } {
  const loud = logs.filter(({ level }) => LOUD.has(level)).slice(0, logsMax);
  const quiet = logs.filter(({ level }) => !LOUD.has(level)).slice(0, logsMax - loud.length);
  const kept = [...loud, ...quiet]
    .sort((a, b) => a.time - b.time)
    .map(({ time, node, level, text }) => ({ time, node, level, text: clip(text, logTextMax) }));
  return { kept, leftOut: logs.length - kept.length };
}

/** Of the tables of checkers, those that pictures are made of. */
function detailsOf(verdicts: readonly Verdict[]): PageData['details'] {
  const wanted = ['staleness', 'convergence', 'availability', 'membership', 'confidence'];
  return Object.fromEntries(
    verdicts
      .filter(({ checker, details }) => wanted.includes(checker) && details !== undefined)
      .map(({ checker, details }) => [checker, details ?? {}]),
  );
}
