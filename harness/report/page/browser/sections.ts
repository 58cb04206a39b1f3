/** All sections about a run, in the order in which somebody in a hurry needs them. */
import { faultSection } from './cuts.ts';
import { h, table } from './dom.ts';
import { logSection } from './logs.ts';
import { mount, type Picture } from './picture.ts';
import { agreement, clockOffsets, staleness } from './pictures/bars.ts';
import { fates } from './pictures/fates.ts';
import { latencyQuantiles, rawLatency } from './pictures/latency.ts';
import { membership } from './pictures/membership.ts';
import { availability, lateness, rate } from './pictures/rates.ts';
import type { Timeline } from './timeline.ts';
import { causes, checkers, header } from './verdict.ts';
import type { World } from './world.ts';

function pictureSection(
  world: World,
  id: string,
  title: string,
  pictures: readonly (Picture | null)[],
): HTMLElement | null {
  const there = pictures.filter((each) => each !== null);
  if (there.length === 0) return null;
  return h(
    'section',
    { id },
    h('h2', {}, title),
    ...there.map((picture) => mount(picture, world).element),
  );
}

export function runSections(world: World, timeline: Timeline): HTMLElement[] {
  const { data } = world;
  const hasLateness = world.columns.late.some((code) => code > 0);
  return [
    header(world),
    causes(world),
    h('section', { id: 'timeline' }, h('h2', {}, 'Time line'), timeline.element),
    pictureSection(world, 'writes', 'Writes', [data.nodes.length > 0 ? fates(world) : null]),
    pictureSection(world, 'latency', 'Latency and rate', [
      rawLatency(world),
      latencyQuantiles(world),
      rate(world),
      data.nodes.length > 0 ? availability(world) : null,
      hasLateness ? lateness(world) : null,
    ]),
    faultSection(world),
    pictureSection(world, 'membership', 'The cluster', [membership(world), clockOffsets(world)]),
    pictureSection(world, 'agreement', 'Agreement and staleness', [
      agreement(world),
      staleness(world),
    ]),
    checkers(world),
    logSection(world),
    about(world),
  ].filter((each) => each !== null);
}

function about({ data }: World): HTMLElement {
  const rows = [data.config, data.versions, data.environment].flatMap((group) =>
    Object.entries(group).map(([name, value]) => [name, value]),
  );
  return h(
    'section',
    { id: 'about' },
    h('h2', {}, 'How it was run'),
    data.replay === null ? null : h('p', {}, 'Again: ', h('code', {}, data.replay)),
    data.digest === null
      ? null
      : h('p', { class: 'muted' }, `SHA-256 of all operations ${data.digest}`),
    h(
      'details',
      {},
      h('summary', {}, 'Options, versions, machine'),
      table({ head: ['name', 'value'], rows }, 'Options, versions, machine'),
    ),
  );
}
