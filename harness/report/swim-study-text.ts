/** The figures of SWIM beside what is promised of them, as lines and as curves (SVG). */
import { quantile } from '../../checkers/verdict/quantiles.ts';
import type { SwimStudy } from '../cluster/sim/swim.ts';
import { tableLines } from './table.ts';

/** What Engram promises at 100 nodes and 10 % loss. */
const PROMISED = {
  detectionMeanMs: 1800,
  detectionP99Ms: 4100,
  everywhereP99Ms: 6200,
  falseShare: 0.0002,
  messages: [5, 7],
} as const;

interface Figures {
  readonly nodes: number;
  readonly loss: number;
  readonly crashes: number;
  readonly 'detection-mean-ms': number;
  readonly 'detection-p99-ms': number;
  readonly 'dead-p99-ms': number;
  readonly 'everywhere-p99-ms': number;
  readonly 'missed-count': number;
  readonly 'false-share': number;
  readonly 'calm-messages-per-node-second': number;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, each) => sum + each, 0) / values.length;

const p99 = (values: readonly number[]): number => quantile(Float64Array.from(values).sort(), 0.99);

export function figuresOf(study: SwimStudy): Figures {
  const whole = (ms: number): number => Math.round(ms);
  return {
    nodes: study.nodes,
    loss: study.loss,
    crashes: study.suspectedMs.length,
    'detection-mean-ms': whole(mean(study.suspectedMs)),
    'detection-p99-ms': whole(p99(study.suspectedMs)),
    'dead-p99-ms': whole(p99(study.deadMs)),
    'everywhere-p99-ms': whole(p99(study.everywhereMs)),
    'missed-count': study.missed,
    'false-share': study.falselyDead / study.probes,
    'calm-messages-per-node-second': Math.round(study.calmMessagesPerNodeSecond * 100) / 100,
  };
}

const share = (value: number): string => `${(100 * value).toFixed(3)} %`;

export function studyLines(studies: readonly SwimStudy[]): string[] {
  const rows = studies
    .map(figuresOf)
    .map((each) => [
      String(each.nodes),
      `${100 * each.loss} %`,
      String(each.crashes),
      String(each['detection-mean-ms']),
      String(each['detection-p99-ms']),
      String(each['dead-p99-ms']),
      String(each['everywhere-p99-ms']),
      String(each['missed-count']),
      share(each['false-share']),
      each['calm-messages-per-node-second'].toFixed(2),
    ]);
  const promised = [
    'promised',
    '10 %',
    '',
    `< ${PROMISED.detectionMeanMs}`,
    `< ${PROMISED.detectionP99Ms}`,
    '',
    `< ${PROMISED.everywhereP99Ms}`,
    '0',
    `< ${share(PROMISED.falseShare)}`,
    PROMISED.messages.join('-'),
  ];
  const head = ['nodes', 'loss', 'crashes', 'found mean', 'p99', 'dead p99', 'known p99'];
  return [
    ...tableLines([...head, 'missed', 'false', 'messages'], [...rows, promised]),
    '',
    'found: first suspicion; dead: first burial; known: buried by all others; ms after the crash.',
    'missed: crashes that somebody had not heard of 9 s later. false: members that were well and that',
    'somebody buried, for each probe. messages: datagrams that a node sends in a second while all are well.',
  ];
}

const WIDTH = 720;
const HEIGHT = 360;
const MARGIN = 48;
const COLOURS = [
  '#1b6ca8',
  '#c0392b',
  '#27824f',
  '#8e44ad',
  '#b9770e',
  '#34495e',
  '#d35400',
  '#16a085',
  '#7f8c8d',
];

/** Share of crashes that all others knew of, over the time since the crash. */
export function studySvg(studies: readonly SwimStudy[]): string {
  const most = Math.max(1000, ...studies.flatMap((study) => study.everywhereMs));
  const x = (ms: number): string => (MARGIN + (ms / most) * (WIDTH - 2 * MARGIN)).toFixed(1);
  const y = (part: number): string => (HEIGHT - MARGIN - part * (HEIGHT - 2 * MARGIN)).toFixed(1);
  const curves = studies.map((study, i) => {
    const times = [...study.everywhereMs].sort((a, b) => a - b);
    const all = times.length + study.missed;
    const steps = times.map((ms, j) => `L${x(ms)} ${y(j / all)} L${x(ms)} ${y((j + 1) / all)}`);
    const colour = COLOURS[i % COLOURS.length];
    const name = `${study.nodes} nodes, ${100 * study.loss} % loss`;
    const at = MARGIN + 14 * i;
    return (
      `<path d="M${x(0)} ${y(0)} ${steps.join(' ')}" fill="none" stroke="${colour}" stroke-width="1.5"/>` +
      `<text x="${MARGIN + 8}" y="${at}" fill="${colour}">${name}</text>`
    );
  });
  const seconds = Array.from({ length: Math.floor(most / 1000) + 1 }, (_, s) => s);
  const ticks = seconds.map(
    (s) =>
      `<text x="${x(1000 * s)}" y="${HEIGHT - MARGIN + 18}" text-anchor="middle">${s} s</text>`,
  );
  const axes =
    `<path d="M${x(0)} ${y(1)} L${x(0)} ${y(0)} L${x(most)} ${y(0)}" fill="none" stroke="#444"/>` +
    `<text x="${MARGIN - 6}" y="${y(1)}" text-anchor="end">1</text>` +
    `<text x="${WIDTH / 2}" y="${HEIGHT - 6}" text-anchor="middle">known everywhere, since the crash</text>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" ` +
    `font-size="12"><rect width="100%" height="100%" fill="white"/>${axes}${ticks.join('')}${curves.join('')}</svg>\n`
  );
}
