/**
 * The helper's image: the programs that make faults on real nodes (docker/powers). Its tag is the digest of its
 * sources, as with the node's image, so that a changed program is never mistaken for the one before.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ClusterError } from '../errors.ts';
import type { Engine } from './engine.ts';
import { baseLabels } from './image.ts';

const powersRepository = 'amnesia-powers';
const powersLabel = 'amnesia.powers';
/** Where its programs lie in the image, and in a node to which they are lent. */
export const powersFolder = '/opt/amnesia';

/** docker/powers is at the same place whether this file runs from the sources or from dist. */
function sourceFolder(): string {
  const here = fileURLToPath(import.meta.url);
  const root = here.replace(/(\/dist)?\/harness\/cluster\/docker\/powers-image\.[jt]s$/, '');
  return `${root}/docker/powers`;
}

/** What goes into the image, by name in the order of its bytes: docker/setup.sh sorts alike. */
function sources(): string[] {
  return readdirSync(sourceFolder(), { recursive: true, encoding: 'utf8' })
    .filter((name) => /(^|\/)(Dockerfile|Makefile|[\w-]+\.[ch])$/.test(name))
    .sort((left, right) => (left < right ? -1 : 1));
}

/** First twelve digits of the SHA-256 of all sources. */
function powersDigest(): string {
  const hash = createHash('sha256');
  for (const name of sources()) hash.update(readFileSync(`${sourceFolder()}/${name}`));
  return hash.digest('hex').slice(0, 12);
}

/** Two fetches of packages and a compiler. */
const buildMs = 300_000;

async function build(engine: Engine, name: string, digest: string): Promise<void> {
  const stream = await engine.buildImage(
    { context: sourceFolder(), src: sources() },
    // The packages are fetched over the engine's own network: its default bridge may be missing.
    { t: name, labels: { [powersLabel]: digest }, networkmode: 'host', forcerm: true },
  );
  await new Promise<void>((resolve, reject) => {
    const text = `the image ${name} was not built within ${buildMs / 1000} s`;
    setTimeout(() => reject(new ClusterError('no-image', text)), buildMs).unref();
    engine.modem.followProgress(stream, (error: Error | null, lines: { error?: string }[]) => {
      const output = error?.message ?? lines?.find((line) => line.error !== undefined)?.error;
      if (output === undefined) resolve();
      else reject(new ClusterError('no-image', `the image ${name} could not be built: ${output}`));
    });
  });
}

async function isThere(engine: Engine, name: string): Promise<boolean> {
  try {
    await engine.getImage(name).inspect();
    return true;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false;
    throw error;
  }
}

/**
 * The name of the helper's image. It is made by docker/setup.sh, and here where the sources are newer than that.
 * Rejects with ClusterError where it can neither be found nor be built.
 */
export async function ensurePowersImage(engine: Engine): Promise<string> {
  const digest = powersDigest();
  const name = `${powersRepository}:${digest}`;
  if (await isThere(engine, name)) return name;
  if ((await baseLabels(engine)) === null) {
    throw new ClusterError('no-image', 'the base image is missing; run: npm run setup');
  }
  await build(engine, name, digest);
  return name;
}
