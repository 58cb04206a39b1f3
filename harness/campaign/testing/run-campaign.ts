/**
 * A campaign with the fake program in the place of `amnesia test`, for tests; also a program of its own
 * (`run-campaign.ts create|resume DIR`), so that a test can kill it.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ChildExecutor, type Executor, type limitMs, WorkerExecutor } from '../executor.ts';
import { type SoakObserver, type Stopped, soak } from '../soak.ts';
import type { CampaignSpec, Shard } from '../spec.ts';
import { CampaignState, type Limits } from '../state/state.ts';

export const fake = fileURLToPath(new URL('fake-run.ts', import.meta.url));

export const noLimits: Limits = { hours: null, untilFailures: null, keepBytes: null, parallel: 2 };

/** Seeds 1 to `runs`. */
export function fakeSpec(results: string, runs: number): CampaignSpec {
  return {
    name: 'soak',
    runs,
    seed: 1,
    workloads: ['register'],
    nemeses: ['none'],
    swarm: [],
    topologies: [3],
    options: { results },
  };
}

export const folderOf = (results: string): string => `${results}/soak`;

export function openCampaign(
  results: string,
  runs: number,
  limits: Limits = noLimits,
  shard: Shard = { part: 1, of: 1 },
): CampaignState {
  const dir = folderOf(results);
  if (existsSync(`${dir}/campaign.sqlite`)) return CampaignState.resume(dir);
  mkdirSync(dir, { recursive: true });
  return CampaignState.create(dir, fakeSpec(results, runs), shard, limits);
}

export function children(results: string, limit?: typeof limitMs): Executor {
  const args = ['--import', 'tsx', fake];
  return new ChildExecutor(
    { command: process.execPath, args },
    `${folderOf(results)}/output`,
    limit,
  );
}

export function workers(results: string, limit?: typeof limitMs): Executor {
  return new WorkerExecutor(fake, `${folderOf(results)}/output`, ['--import', 'tsx'], limit);
}

export const silent: SoakObserver = { ended: () => {}, note: () => {}, progress: () => {} };

export async function runToEnd(
  state: CampaignState,
  executor: Executor,
  observer: SoakObserver = silent,
): Promise<Stopped> {
  const never = new AbortController().signal;
  try {
    return await soak({ state, executor, observer, stop: never, halt: never });
  } finally {
    state.close();
  }
}

const [, script, results, runs] = process.argv;
if (script === fileURLToPath(import.meta.url)) {
  await runToEnd(openCampaign(results!, Number(runs)), children(results!));
}
