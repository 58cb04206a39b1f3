/** One operation in a few words, for tips and panels. */
import { durationText } from '../../figures.ts';
import { Rank, tookUs, type World } from './world.ts';

export function operationText(world: World, row: number): string {
  const { columns, data, rank, known } = world;
  const { f, outcome, final, stale } = columns.classes[columns.kind[row]];
  const key = data.keys[columns.key[row]];
  const detail = known.get(columns.idx[row]);
  const value = detail?.value == null ? '' : ` ${detail.value.slice(0, 80)}`;
  const asked = data.nodes[columns.node[row]];
  const served = data.nodes[columns.server[row]];
  const took = tookUs(columns, row);
  return [
    `operation ${columns.idx[row]}: process ${columns.process[row]} ${f}${key === undefined ? '' : ` ${key}`}${value}`,
    [
      outcome,
      Number.isFinite(took) ? `after ${durationText(took * 1e3)}` : 'never ended',
      ...(asked === undefined ? [] : [`asked ${asked}`]),
      ...(served === undefined ? [] : [`served by ${served}`]),
      ...(columns.error[row] < 0 ? [] : [`error ${data.errors[columns.error[row]]}`]),
      ...(final ? ['final read'] : []),
      ...(stale ? ['marked as stale'] : []),
    ].join(', '),
    ...(rank[row] === Rank.violating ? ['part of a violation'] : []),
  ].join('\n');
}
