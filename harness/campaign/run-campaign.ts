/**
 * A campaign from its plan, or from the folder of one that was interrupted, to its report: state, carriers,
 * work, and the report as files beside the state.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faults } from '../../nemesis/index.ts';
import { workloads } from '../../workloads/index.ts';
import { type Db, openDatabase } from '../store/database.ts';
import { ChildExecutor, type Executor, WorkerExecutor } from './executor.ts';
import type { CampaignPlan } from './options.ts';
import { html, markdown } from './report/render.ts';
import { readReport } from './report/report.ts';
import type { CampaignReport } from './report/report-shape.ts';
import { reportSections } from './report/sections.ts';
import { type SoakObserver, type Stopped, soak } from './soak.ts';
import { campaignKind } from './state/layout.ts';
import { CampaignState, type Limits, STATE_FILE } from './state/state.ts';

export interface CampaignEnd {
  readonly dir: string;
  readonly report: CampaignReport;
  readonly stopped: Stopped;
}

/** Folder of what children say, in the campaign's. */
const OUTPUT = 'output';

/** This file runs as TypeScript in development and as JavaScript when built. */
const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const worker = fileURLToPath(new URL(`worker${extension}`, import.meta.url));

/** How `amnesia` is started: the built program, or this source in development. */
function program(): { readonly command: string; readonly args: readonly string[] } {
  const here = extension === '.ts' ? '../../bin/amnesia.mjs' : '../../../bin/amnesia.mjs';
  return { command: process.execPath, args: [fileURLToPath(new URL(here, import.meta.url))] };
}

/** Who carries runs of a runtime, `parallel` at once; `dir` gets what children say. */
export function executorFor(runtime: string, dir: string, parallel: number): Executor {
  const output = join(dir, OUTPUT);
  if (runtime !== 'sim') return new ChildExecutor(program(), output);
  // Where every core has a simulation, threads beside it that compile and collect garbage only
  // take turns with the others: without them a campaign has an eighth more runs in an hour.
  const isFull = parallel >= availableParallelism();
  const flags = isFull ? [...process.execArgv, '--single-threaded'] : process.execArgv;
  return new WorkerExecutor(worker, output, flags);
}

/** Makes the folder and the state of a campaign. Throws RunFileError where there is one already. */
export function beginCampaign({ spec, shard, limits }: CampaignPlan): CampaignState {
  const dir = join(spec.options.results!, spec.name);
  mkdirSync(dir, { recursive: true });
  return CampaignState.create(dir, spec, shard, limits);
}

/** Takes a campaign up again; limits that are given replace those that it had. */
export function resumeCampaign(dir: string, limits: Partial<Limits>): CampaignState {
  const state = CampaignState.resume(dir);
  state.limit(limits);
  return state;
}

/** Works, and leaves report.json, report.md and report.html in the campaign's folder. */
export async function runCampaign(
  state: CampaignState,
  observer: SoakObserver,
  signals: { readonly stop: AbortSignal; readonly halt: AbortSignal },
): Promise<CampaignEnd> {
  try {
    const executor = executorFor(
      state.spec.options.runtime ?? 'auto',
      state.dir,
      state.limits.parallel,
    );
    const stopped = await soak({ state, executor, observer, ...signals });
    const report = writeReport(state.dir, state.db, `Campaign ${state.spec.name}`);
    return { dir: state.dir, report, stopped };
  } finally {
    state.close();
  }
}

/** Everything that there is, by now. */
const universe = { faults, workloads: Object.keys(workloads) };

/** What there is so far in the folder of a campaign, which may be worked on. Throws RunFileError. */
export function readCampaign(dir: string): CampaignReport {
  const db = openDatabase(join(dir, STATE_FILE), campaignKind, false);
  try {
    return readReport(db, universe);
  } finally {
    db.close();
  }
}

/** Adds up and writes the three files. */
export function writeReport(dir: string, db: Db, title: string): CampaignReport {
  const report = readReport(db, universe);
  const sections = reportSections(report);
  writeFileSync(join(dir, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(dir, 'report.md'), markdown(title, sections));
  writeFileSync(join(dir, 'report.html'), html(title, sections));
  return report;
}
