/** Containers for the tests of docker/powers: made by the command line of the engine, removed with the test. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openEngine } from '../../../harness/cluster/docker/engine.ts';
import { ensurePowersImage } from '../../../harness/cluster/docker/powers-image.ts';

const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));
const commandMs = 120_000;

export async function docker(...args: readonly string[]): Promise<string> {
  const options = { timeout: commandMs, maxBuffer: 1 << 24, env: legacyBuilder() };
  const { stdout } = await run('docker', [...args], options);
  return stdout.trim();
}

function legacyBuilder(): NodeJS.ProcessEnv {
  return { ...process.env, DOCKER_BUILDKIT: '0' };
}

/** The helper's image with programs to be tried on it; by digest, so that clones do not meet. */
export async function victimsImage(): Promise<string> {
  const base = await ensurePowersImage(openEngine());
  const hash = createHash('sha256').update(base);
  for (const name of ['victims.Dockerfile', 'scenarios.mjs', 'traffic.mjs']) {
    hash.update(readFileSync(`${here}${name}`));
  }
  const image = `amnesia-victims:${hash.digest('hex').slice(0, 12)}`;
  const there = await docker('image', 'ls', '-q', image);
  if (there === '') {
    const file = ['-f', `${here}victims.Dockerfile`, '--build-arg', `BASE=${base}`];
    await docker('build', '-q', '--network', 'host', '-t', image, ...file, here);
  }
  return image;
}
