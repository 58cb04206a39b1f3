/** What stands around the operations of a run file: faults, looks at the cluster, logs. */
import type { ClusterSample, FaultWindow, LogLine } from '../../checkers/history/history.ts';
import { checksumOfTable, RowSum, SURROUNDING_ROWS } from '../store/row-checks.ts';
import type { RunFile } from '../store/run-file.ts';

export interface RunSurroundings {
  readonly faults: readonly FaultWindow[];
  readonly samples: readonly ClusterSample[];
  readonly logs: readonly LogLine[];
}

/**
 * The same for a history whose nodes are known: those that only its surroundings name come after them. Throws
 * RangeError where a table cannot be read whole.
 */
export function surroundingsOf(
  file: RunFile,
  known: readonly string[],
): { readonly nodes: string[]; readonly surroundings: RunSurroundings } {
  const nodes = [...known];
  const nodeId = (name: string): number => {
    const id = nodes.indexOf(name);
    return id === -1 ? nodes.push(name) - 1 : id;
  };
  const surroundings = readSurroundings(file, nodeId, (text) => {
    throw new RangeError(text);
  });
  return { nodes, surroundings };
}

interface FaultRow {
  readonly id: number;
  readonly kind: string;
  readonly variant: string;
  readonly description: string;
  readonly targets: string;
  readonly grudge: string | null;
  readonly applied: number;
  readonly healed_at: number | null;
  readonly effective: FaultWindow['effective'] | null;
  readonly healed: number;
}

interface SampleRow {
  readonly time: number;
  readonly node: string;
  readonly path: string;
  readonly body: string | null;
}

interface LogRow {
  readonly time: number;
  readonly node: string;
  readonly level: string;
  readonly text: string;
}

/**
 * `nodeId` numbers a node's name. Tables that a cut-off file no longer has are empty, and the
 * reason goes to `note`.
 */
export function readSurroundings(
  file: RunFile,
  nodeId: (name: string) => number,
  note: (text: string) => void,
): RunSurroundings {
  const table = <Row extends object, Value>(
    name: keyof typeof SURROUNDING_ROWS,
    read: (row: Row) => Value,
  ): Value[] => {
    const values: Value[] = [];
    const kept = checksumOfTable(file, name);
    const sum = new RowSum();
    try {
      for (const row of file.db.prepare<[], Row>(SURROUNDING_ROWS[name]).iterate()) {
        if (kept !== null) sum.add(row);
        values.push(read(row));
      }
      if (kept !== null && sum.crc !== kept) {
        values.length = 0;
        note(`table ${name} is not what was written and was left out`);
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      note(`table ${name} could be read in part only: ${reason}`);
    }
    return values;
  };
  return {
    faults: table<FaultRow, FaultWindow>('fault', (row) => readFault(row, nodeId)),
    samples: table<SampleRow, ClusterSample>('sample', (row) => {
      expectText(row.node, row.path);
      const body = row.body === null ? null : JSON.parse(row.body);
      return { time: row.time, node: nodeId(row.node), path: row.path, body };
    }),
    logs: table<LogRow, LogLine>('node_log', (row) => {
      expectText(row.node, row.level, row.text);
      return { ...row, node: nodeId(row.node) };
    }),
  };
}

/** A row of a damaged page may have anything anywhere. */
function expectText(...cells: readonly unknown[]): void {
  if (!cells.every((cell) => typeof cell === 'string')) {
    throw new TypeError('a row is not what was written');
  }
}

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');

function readFault(row: FaultRow, nodeId: (name: string) => number): FaultWindow {
  expectText(row.kind, row.variant, row.description);
  const targets = JSON.parse(row.targets) as unknown;
  const grudge = JSON.parse(row.grudge ?? 'null') as Record<string, unknown> | null;
  const cuts = Object.entries(grudge ?? {});
  if (!isNames(targets) || !cuts.every(([, peers]) => isNames(peers))) {
    throw new TypeError(`fault ${row.id} is not what was written`);
  }
  const drops: number[][] = [];
  for (const [node, peers] of cuts) drops[nodeId(node)] = (peers as string[]).map(nodeId);
  return {
    id: row.id,
    kind: row.kind,
    variant: row.variant,
    start: row.applied,
    end: row.healed_at ?? Number.POSITIVE_INFINITY,
    effective: row.effective ?? 'none',
    healed: row.healed === 1,
    targets: targets.map(nodeId),
    grudge: grudge === null ? null : Array.from(drops, (peers) => peers ?? []),
    description: row.description,
  };
}
