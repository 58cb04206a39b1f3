/** Workloads by systems: which can be run against which, and what the system promises then. */
import { workloads } from '../../workloads/index.ts';
import { dataTypes } from '../systems/data-types.ts';
import { systems } from '../systems/index.ts';
import { promisesOf, whyNotRun } from '../systems/offers.ts';
import { optionNames } from '../systems/options.ts';

export interface MatrixRow {
  readonly system: string;
  readonly version: string;
  readonly describe: string;
  readonly runtimes: readonly string[];
  readonly options: readonly string[];
  /** By workload: what is promised there; null where it cannot be run. */
  readonly workloads: Readonly<Record<string, readonly string[] | null>>;
  /** Data types for which it has clients and there is no workload. */
  readonly clientsOnly: readonly string[];
}

export function matrix(): MatrixRow[] {
  const covered = new Set<string>(Object.values(workloads).map(({ dataType }) => dataType));
  return Object.entries(systems).map(([name, system]) => ({
    system: name,
    version: system.version,
    describe: system.describe,
    runtimes: system.runtimes,
    options: optionNames(system),
    workloads: Object.fromEntries(
      Object.entries(workloads).map(([workload, wanted]) => [
        workload,
        whyNotRun(system, wanted) === null
          ? promisesOf(system, system.options.parse({}), [wanted.dataType])
          : null,
      ]),
    ),
    clientsOnly: Object.keys(dataTypes).filter(
      (type) => Object.hasOwn(system.clients, type) && !covered.has(type),
    ),
  }));
}

/** One line for each system with a mark for each workload, then a paragraph for each. */
export function matrixLines(rows: readonly MatrixRow[]): string[] {
  const names = Object.keys(workloads);
  const widths = names.map((name) => Math.max(name.length, 3));
  const first = Math.max(...rows.map(({ system }) => system.length));
  const head = names.map((name, i) => name.padEnd(widths[i])).join('  ');
  const table = rows.map((row) => {
    const marks = names.map((name, i) =>
      (row.workloads[name] === null ? '-' : 'yes').padEnd(widths[i]),
    );
    return `${row.system.padEnd(first)}  ${marks.join('  ')}`.trimEnd();
  });
  return [`${' '.repeat(first)}  ${head}`.trimEnd(), ...table, '', ...rows.flatMap(paragraph)];
}

function paragraph(row: MatrixRow): string[] {
  const { system, version, describe, runtimes, options, clientsOnly } = row;
  const promised = new Set(Object.values(row.workloads).flatMap((each) => each ?? []));
  return [
    `${system} ${version}`,
    `  ${describe}`,
    `  promises ${[...promised].join(', ')}   runtimes ${runtimes.join(', ')}`,
    ...(options.length > 0
      ? [`  options  ${options.join(', ')} (--system-options name=value)`]
      : []),
    ...(clientsOnly.length > 0
      ? [`  clients without a workload yet: ${clientsOnly.join(', ')}`]
      : []),
    '',
  ];
}
