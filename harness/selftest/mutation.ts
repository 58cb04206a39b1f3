/**
 * How well each checker tells good histories from bad ones: good histories are generated, changed, and what
 * the checkers say is compared with what is true. Pure; the same seed gives the same report.
 */
import { buildHistory, type PlainOperation } from '../../checkers/history/build.ts';
import type { History } from '../../checkers/history/history.ts';
import { checkers } from '../../checkers/index.ts';
import { notate } from '../../checkers/oracle/notate.ts';
import { unlimited } from '../../checkers/verdict/checker.ts';
import { defaultCheckOptions } from '../../checkers/verdict/compose.ts';
import { makeRng, type Rng } from '../world/rng.ts';
import { goodHistory, type Shape, shapes } from './good.ts';
import { largeHistory, largeMutations, mutateLarge } from './large.ts';
import { mutations } from './mutate.ts';
import { staleAfterNs, truthOf } from './truth.ts';

/** What good histories hold by construction. */
export const held = ['lost-writes', 'convergence', 'causal', 'session'] as const;

/** The checkers of which the truth is known here. Good histories, too, may be stale and are hardly linearizable. */
const judged = [...held, 'linearizable', 'staleness'] as const;

export interface CheckerRate {
  readonly checker: string;
  /** Histories that violate what it decides, and how many of them it found. */
  violating: number;
  detected: number;
  /** Histories that do not, and how many of them it accused. */
  innocent: number;
  accused: number;
}

export interface Mistake {
  readonly checker: string;
  readonly what: 'missed' | 'false alarm';
  readonly mutation: string;
  /** Number of the history under the seed. */
  readonly number: number;
  /** In the notation of the checkers' tests; a larger one is only described. */
  readonly history: string;
}

export interface MutationReport {
  readonly seed: number;
  /** Mutants that violate something that good histories hold. */
  readonly mutants: number;
  /** Histories that violate nothing of it: unchanged ones, and mutants that came out harmless. */
  readonly innocents: number;
  /** Violating mutants by kind of change. */
  readonly byMutation: Readonly<Record<string, number>>;
  readonly rates: readonly CheckerRate[];
  /** The first of them. */
  readonly mistakes: readonly Mistake[];
}

/** Nothing was missed, nobody was accused wrongly, and every checker was put to the test. */
export function isSound({ rates }: MutationReport): boolean {
  return rates.every(
    ({ violating, detected, innocent, accused }) =>
      violating > 0 && innocent > 0 && detected === violating && accused === 0,
  );
}

const mistakesMax = 10;
/** Attempts for each mutant that is wanted; about two in three are harmless or impossible. */
const attemptsPerMutant = 20;
/** Every so many histories are large ones. */
const largeEvery = 8;

class Tally {
  readonly rates: CheckerRate[] = judged.map((checker) => ({
    checker,
    violating: 0,
    detected: 0,
    innocent: 0,
    accused: 0,
  }));
  readonly byMutation: Record<string, number> = {};
  readonly mistakes: Mistake[] = [];
  mutants = 0;
  innocents = 0;

  /** Compares what the checkers say with the truth, where that is known. */
  judge(
    history: History,
    truth: ReadonlyMap<string, boolean>,
    mutation: string,
    number: number,
    text: () => string,
  ): void {
    const isBad = held.some((name) => truth.get(name) === true);
    if (isBad) {
      this.mutants++;
      this.byMutation[mutation] = (this.byMutation[mutation] ?? 0) + 1;
    } else {
      this.innocents++;
    }
    for (const rate of this.rates) {
      const violates = truth.get(rate.checker);
      if (violates === undefined) continue;
      const accused = accuses(rate.checker, history);
      if (violates) rate.violating++;
      else rate.innocent++;
      if (accused) {
        if (violates) rate.detected++;
        else rate.accused++;
      }
      if (accused === violates || this.mistakes.length === mistakesMax) continue;
      const what = accused ? 'false alarm' : 'missed';
      this.mistakes.push({ checker: rate.checker, what, mutation, number, history: text() });
    }
  }
}

function accuses(checker: string, history: History): boolean {
  const staleness = { deltaMs: staleAfterNs / 1e6, share: 1 };
  const options = { ...defaultCheckOptions, maxAnomalies: 0, staleness };
  return checkers[checker].check(history, options, unlimited).valid === false;
}

/** `mutants` is the number of violating mutants that is wanted. */
export function mutationTest({
  mutants,
  seed,
}: {
  readonly mutants: number;
  readonly seed: number;
}): MutationReport {
  const tally = new Tally();
  const rng = makeRng(seed);
  const attemptsMax = mutants * attemptsPerMutant;
  for (let number = 0; number < attemptsMax && tally.mutants < mutants; number++) {
    const own = rng.split(`history ${number}`);
    if (number % largeEvery === largeEvery - 1) tryLarge(tally, own, number);
    else trySmall(tally, own, number, shapes[number % shapes.length]);
  }
  const { byMutation, rates, mistakes, innocents } = tally;
  return { seed, mutants: tally.mutants, innocents, byMutation, rates, mistakes };
}

/** A good history, and each kind of change to it. */
function trySmall(tally: Tally, rng: Rng, number: number, shape: Shape): void {
  const good = goodHistory(shape, rng);
  judgeSmall(tally, shape, good, 'none', number);
  for (const [name, mutate] of Object.entries(mutations)) {
    const mutant = mutate(good, rng);
    if (mutant !== null) judgeSmall(tally, shape, mutant, name, number);
  }
}

function judgeSmall(
  tally: Tally,
  shape: Shape,
  ops: readonly PlainOperation[],
  mutation: string,
  number: number,
): void {
  tally.judge(buildHistory(ops), truthOf(shape, ops), mutation, number, () => notate(ops));
}

function tryLarge(tally: Tally, rng: Rng, number: number): void {
  const good = largeHistory(rng);
  const text = (): string => `${good.n} operations of a store in which the last writer wins`;
  const causal = (violates: boolean): [string, boolean] => ['causal', violates];
  tally.judge(good, new Map([causal(false), ['session', false]]), 'none', number, text);
  for (const name of largeMutations) {
    const mutant = mutateLarge(name, good, rng);
    if (mutant === null) continue;
    // Its own write was over; a failed one never was.
    const truth = new Map([causal(true), ['linearizable', true]]);
    if (name === 'forget-own') truth.set('session', true);
    tally.judge(mutant, truth, name, number, text);
  }
}
