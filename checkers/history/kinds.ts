/**
 * What an operation does: one row for each kind, and everything that the rest of the program asks about
 * kinds. A new kind is a number in `Kind` and a row in `KINDS`; the compiler asks for the second.
 *
 * The numbers are stored in run files: they are never changed and never used again.
 */
import type { DataType } from './data-type.ts';

export const Kind = {
  Read: 0,
  Write: 1,
  ReadAll: 2,
  Add: 3,
  ReadList: 4,
  Append: 5,
  Cas: 6,
  Delete: 7,
  /** Anything else (a recall, a look at the cluster): counted by `stats` and `availability` only. */
  Other: 8,
} as const;

export type KindName = keyof typeof Kind;

/**
 * What the value of an operation is:
 *
 * - `unique`: the operation brings a value into the history that no other one may bring;
 * - `swapped`: the same, and the value stands beside the one that it replaces, `[expected, new]`;
 * - `named`: the operation is about a value, however it ended;
 * - `answered`: the value that it returned, if it was answered;
 * - `whole`: the elements of a set that it returned, if it was answered;
 * - `ordered`: the same for a list;
 * - `none`: nothing that checkers look at.
 */
export type ValueRule = 'unique' | 'swapped' | 'named' | 'answered' | 'whole' | 'ordered' | 'none';

export interface KindRow {
  /** The `f` of such an operation. */
  readonly f: string;
  /** What the key may be. A delete, for one, is known to several types. */
  readonly types: readonly DataType[];
  /** Whether it changes state or only returns it. */
  readonly effect: 'changes' | 'reads' | 'none';
  /** Where it stands in log order. What returns something has seen all that was done before it was over. */
  readonly at: 'invocation' | 'completion';
  readonly value: ValueRule;
}

const REGISTERS = ['register', 'cas-register'] as const;

const KINDS: Readonly<Record<KindName, KindRow>> = {
  Read: row('read', REGISTERS, 'reads', 'completion', 'answered'),
  Write: row('write', REGISTERS, 'changes', 'invocation', 'unique'),
  ReadAll: row('read-all', ['set'], 'reads', 'completion', 'whole'),
  Add: row('add', ['set'], 'changes', 'invocation', 'unique'),
  ReadList: row('read-list', ['list'], 'reads', 'completion', 'ordered'),
  Append: row('append', ['list'], 'changes', 'invocation', 'unique'),
  Cas: row('cas', ['cas-register'], 'changes', 'invocation', 'swapped'),
  Delete: row('delete', [...REGISTERS, 'set'], 'changes', 'invocation', 'named'),
  Other: row('', [], 'none', 'completion', 'none'),
};

function row(
  f: string,
  types: readonly DataType[],
  effect: KindRow['effect'],
  at: KindRow['at'],
  value: ValueRule,
): KindRow {
  return { f, types, effect, at, value };
}

/** The rows by number. */
export const KIND_ROWS: readonly KindRow[] = (Object.keys(Kind) as KindName[])
  .sort((left, right) => Kind[left] - Kind[right])
  .map((name) => KINDS[name]);

const byF = new Map(Object.entries(KINDS).map(([name, { f }]) => [f, Kind[name as KindName]]));

/** The kind of an operation by its `f`; `Other` for one that is not in the table. */
export function kindOf(f: string): number {
  return f === '' ? Kind.Other : (byF.get(f) ?? Kind.Other);
}

/** The numbers of some kinds as bits, since a shift is as fast as a comparison in the loops of checkers. */
function bitsOf(isMeant: (row: KindRow) => boolean): number {
  let bits = 0;
  for (const [kind, row] of KIND_ROWS.entries()) if (isMeant(row)) bits |= 1 << kind;
  return bits;
}

// Bit 31 would be a sign.
if (KIND_ROWS.length > 31) throw new RangeError('kinds no longer fit into the bits of a number');

const WRITES = bitsOf(({ value }) => value === 'unique' || value === 'swapped');
const READS = bitsOf(({ effect }) => effect === 'reads');
const WHOLE_READS = bitsOf(({ value }) => value === 'whole' || value === 'ordered');
const AT_INVOCATION = bitsOf(({ at }) => at === 'invocation');

/** True for operations that put a value of their own into the history. */
export function isWrite(kind: number): boolean {
  return ((WRITES >> kind) & 1) === 1;
}

/** True for operations that return state and change nothing. */
export function isRead(kind: number): boolean {
  return ((READS >> kind) & 1) === 1;
}

/** True for operations that return all elements of a set or list. */
export function isWholeRead(kind: number): boolean {
  return ((WHOLE_READS >> kind) & 1) === 1;
}

/** True for operations that stand in log order where they were invoked. */
export function standsAtInvocation(kind: number): boolean {
  return ((AT_INVOCATION >> kind) & 1) === 1;
}
