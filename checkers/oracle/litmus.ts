/**
 * Litmus tests: the smallest histories that tell the models apart, with what each model says about them. The names
 * of the bad patterns are those of Bouajjani et al. (POPL 2017). Run by `litmus.test.ts` against the
 * checkers and against the brute-force reference, so that neither can drift.
 *
 * `says` has one mark for each column: + satisfied, - violated, . not applicable.
 */

export const COLUMNS = [
  'RYW',
  'MR',
  'MW',
  'WFR',
  'PRAM',
  'CC',
  'CM',
  'CCv',
  'SC',
  'LIN',
  'converged',
  'not-lost',
  'not-lost-real-time',
] as const;
export type Column = (typeof COLUMNS)[number];

export interface Litmus {
  readonly id: string;
  readonly history: string;
  readonly says: string;
  readonly patterns: readonly string[];
  readonly why: string;
}

const row = (id: string, history: string, says: string, patterns: string, why: string): Litmus => ({
  id,
  history,
  says,
  patterns: patterns.split(' ').filter((each) => each !== ''),
  why,
});

export function says(litmus: Litmus, column: Column): boolean | null {
  const mark = litmus.says[COLUMNS.indexOf(column)];
  return mark === '+' ? true : mark === '-' ? false : null;
}

// columns:       RYW MR MW WFR PRAM CC CM CCv SC LIN converged not-lost not-lost-real-time
export const LITMUS: readonly Litmus[] = [
  row(
    'L01',
    'A w x 1; B r x 1',
    '++++++++++...',
    '',
    'write then read it elsewhere: fine everywhere',
  ),
  row(
    'L02',
    'A w x 1; A r x 0',
    '-+++------...',
    'WriteCOInitRead WriteHBInitRead',
    'own acked write not seen (back to initial)',
  ),
  row(
    'L03',
    'A w x 1; A w x 2; A r x 1',
    '-+++------...',
    'CyclicCF CyclicHB WriteCORead',
    'own older write returned after a newer own write',
  ),
  row(
    'L04',
    'A w x 1; B r x 1; B r x 0',
    '+-++------...',
    'WriteCOInitRead WriteHBInitRead',
    'B saw 1 and then the initial value again',
  ),
  row(
    'L06',
    'A w x 1 || C w x 2; B r x 1; B r x 2; B r x 1',
    '+-++-+----...',
    'CyclicCF CyclicHB',
    'flip-flop between two concurrent writes: no single order for B; weak CC lets every read pick its own order',
  ),
  row(
    'L09',
    'A w x 1; B r x 1; B w y 1; C r y 1; C r x 0',
    '+++-+-----...',
    'WriteCOInitRead WriteHBInitRead',
    'y=1 was written by somebody who had seen x=1; C sees y=1, not x=1',
  ),
  row(
    'L11',
    'A w x 1 || B w y 1; C r x 1 || D r y 1; C r y 0 || D r x 0',
    '++++++++--...',
    '',
    'IRIW / long fork: readers disagree on the order of independent writes',
  ),
  row(
    'L12',
    'A w x 1 || B w x 2; C r x 1 || D r x 2; C r x 2 || D r x 1',
    '+++++++---...',
    'CyclicCF',
    'readers see two concurrent writes to one key in opposite order: CM yes, one arbitration order no',
  ),
  row(
    'L13',
    'A w z 1 || B w x 2; A w x 1; B r z 0; A w y 1; B r y 1; B r x 2',
    '++++-+-+--...',
    'WriteHBInitRead',
    'POPL 2017: CCv but not CM: seeing y=1 puts x=1 before; r(x,2) then forces x1<x2 and so z1 before r(z,0)',
  ),
  row(
    'L14',
    'A w x 1 || B w x 2; B r x 1; B r x 2',
    '++++-+----...',
    'CyclicCF CyclicHB',
    'POPL 2017: CC only: B must order 2<1 (first read) and 1<2 (second)',
  ),
  row(
    'L20',
    'A w x 1 fail; B r x 1',
    '++++------...',
    'AbortedRead',
    'value of a write that reported failure',
  ),
  row(
    'L21',
    'A w x 1 info; B r x 1; C r x 1',
    '++++++++++...',
    '',
    'indeterminate write took effect: fine',
  ),
  row(
    'L23',
    'A w x 1 info; B r x 1; B r x 0',
    '+-++------...',
    'WriteCOInitRead WriteHBInitRead',
    'indeterminate write seen, then gone again',
  ),
  row(
    'L26',
    'A w x 1; B r x 1; B w y 1; C r y 1; C w z 1; D r z 1; D r x 0',
    '+++++-----...',
    'WriteCOInitRead WriteHBInitRead',
    'causal chain over three sessions: no one-step session pattern, only CC sees it',
  ),
  row(
    'L28',
    'A r x 1 || B r y 1; A w y 1 || B w x 1',
    '+++++-----...',
    'CyclicCF CyclicCO CyclicHB',
    'each reads what the other will write: causality cycle; PRAM allows it',
  ),
  row(
    'L36',
    'A w x 1 || B w x 2; A r x 2; B r x 1',
    '+++++++---...',
    'CyclicCF',
    "each sees the other's write after its own: swapped arbitration",
  ),
  row(
    'L41',
    'A w x 1 info; A w y 1; B r y 1; B r x 0',
    '++++++++++...',
    '',
    "A's first write is unacknowledged, so y=1 does not oblige x=1",
  ),
  row(
    'L42',
    'A w x 1 info; B r x 1; B w y 1; C r y 1; C r x 0',
    '+++-+-----...',
    'WriteCOInitRead WriteHBInitRead',
    'info write observed by B, B writes y; C sees y but not x: WFR duty exists because x=1 was seen',
  ),
  row(
    'E02',
    'A w x 1 || B w x 2; A r x 1; B r x 2',
    '+++++++++--++',
    '',
    'finals differ: diverged replicas',
  ),
  row(
    'E04',
    'A w x 1; A w x 2; A r x 1; B r x 1',
    '-+++------+--',
    'CyclicCF CyclicHB WriteCORead',
    'converged to the older of two writes of one session: 2 lost',
  ),
  row(
    'E06',
    'A w x 1; B w x 2; A r x 1; B r x 1',
    '+++++++++-++-',
    '',
    'causally concurrent, 2 later in real time, converged to 1: legal LWW outcome causally; lost only in real-time mode',
  ),
  row(
    'E07',
    'A w x 1 info; A r x 0; B r x 0',
    '+++++++++++++',
    '',
    'indeterminate write dropped: not lost',
  ),
];
