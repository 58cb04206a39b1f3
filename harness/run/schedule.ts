/**
 * What a run does, as data: its faults, and where only some of its operations are to be started, which.
 * A schedule file holds it, so that a run can be had again that no seed would plan, above all one that
 * was made smaller. The file's faults take the place of those that `--nemesis` would plan.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { faults } from '../../nemesis/index.ts';
import type { FaultPlan } from '../generator/fault-plan.ts';
import { OptionsError } from './options-error.ts';

/** Operations by workload: numbers in the order in which its generator gives them, from 0. */
export type ChosenOperations = Readonly<Record<string, readonly number[]>>;

export interface Schedule {
  readonly faults: readonly FaultPlan[];
  /** All where left out; of a workload that is not named, none. */
  readonly operations?: ChosenOperations;
}

const SCHEDULE_FORMAT = 'amnesia-schedule';
const VERSION = 1;

const ms = z.number().min(0).max(172_800_000);
const names = z.array(z.string().min(1).max(64)).max(1000);

const planSchema = z.strictObject({
  id: z.number().int().min(0),
  kind: z.string(),
  variant: z.string(),
  atMs: ms,
  untilMs: ms,
  targets: names,
  lane: z.string().min(1).max(64).optional(),
  grudge: z.record(z.string(), names).optional(),
  parameters: z.record(z.string(), z.union([z.number(), z.string()])).optional(),
});

const fileSchema = z.strictObject({
  format: z.literal(SCHEDULE_FORMAT),
  version: z.literal(VERSION),
  faults: z.array(planSchema).max(100_000),
  operations: z.record(z.string(), z.array(z.number().int().min(0))).optional(),
});

/** What a schedule must fit to. */
export interface Surroundings {
  readonly nodes: readonly string[];
  readonly durationMs: number;
}

/** The text of a schedule file. */
export function scheduleText(schedule: Schedule): string {
  const { faults: plans, operations } = schedule;
  const document = { format: SCHEDULE_FORMAT, version: VERSION, faults: plans, operations };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Reads a schedule file. Throws OptionsError with every problem. */
export function readSchedule(path: string, surroundings: Surroundings): Schedule {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new OptionsError([`--schedule ${path} cannot be read: ${why}`]);
  }
  return parseSchedule(text, path, surroundings);
}

/** The same from its text; `name` for messages. Throws OptionsError. */
export function parseSchedule(text: string, name: string, surroundings: Surroundings): Schedule {
  const problem = (what: string): string => `--schedule ${name}: ${what}`;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new OptionsError([problem(`it is not JSON (${why}); \`amnesia shrink\` writes one`)]);
  }
  const parsed = fileSchema.safeParse(document);
  if (!parsed.success) {
    const issues = parsed.error.issues.slice(0, 10);
    throw new OptionsError(
      issues.map(({ path, message }) => problem(`${path.join('.') || 'the file'}: ${message}`)),
    );
  }
  const problems = problemsOf(parsed.data, surroundings).map(problem);
  if (problems.length > 0) throw new OptionsError(problems);
  const { faults: plans, operations } = parsed.data;
  return operations === undefined ? { faults: plans } : { faults: plans, operations };
}

/** What does not fit to the rest of the run. */
function problemsOf(schedule: Schedule, { nodes, durationMs }: Surroundings): string[] {
  const problems: string[] = [];
  const ends = new Map<string, number>();
  for (const [i, plan] of schedule.faults.entries()) {
    const where = `faults.${i}`;
    const fault = faults[plan.kind];
    if (fault === undefined) {
      const accepted = Object.keys(faults).join(', ');
      problems.push(`${where}.kind is ${JSON.stringify(plan.kind)}; accepted are: ${accepted}`);
    } else if (!fault.variants.includes(plan.variant)) {
      const accepted = fault.variants.join(', ');
      problems.push(`${where}.variant is ${JSON.stringify(plan.variant)}; accepted: ${accepted}`);
    }
    const named = [
      ...plan.targets,
      ...Object.entries(plan.grudge ?? {}).flatMap(([node, peers]) => [node, ...peers]),
    ];
    const stranger = named.find((node) => !nodes.includes(node));
    if (stranger !== undefined) {
      problems.push(`${where} is about ${JSON.stringify(stranger)}; there are ${nodes.join(', ')}`);
    }
    if (plan.untilMs <= plan.atMs) problems.push(`${where} ends (untilMs) before it begins (atMs)`);
    const lane = plan.lane ?? '';
    if (plan.atMs < (ends.get(lane) ?? 0)) {
      problems.push(
        `${where} begins before the one before it has ended; only faults of different lanes overlap`,
      );
    }
    if (plan.untilMs > durationMs) {
      problems.push(`${where} ends at ${plan.untilMs} ms, after the --time-limit of ${durationMs}`);
    }
    ends.set(lane, Math.max(ends.get(lane) ?? 0, plan.untilMs));
  }
  return problems;
}
