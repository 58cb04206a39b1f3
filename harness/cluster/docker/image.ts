/**
 * The node's image: the base image and one file. Its tag is the digest of what goes into it, so that
 * a changed node is never mistaken for the one before, and nothing has to be written down.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ClusterError } from '../errors.ts';
import type { Engine } from './engine.ts';

/** Made by docker/setup.sh; docker/engram/Dockerfile names it, too. */
export const baseImage = 'amnesia-base:2';
export const nodeRepository = 'amnesia-engram';
/** On the node's image: digest of the bundle and its Dockerfile. */
export const bundleLabel = 'amnesia.bundle';
/** On both images: the variant of iptables that works on this machine: nft, legacy or none. */
export const iptablesLabel = 'amnesia.iptables';

const sources = ['Dockerfile', 'dist/engram.cjs'];

/** docker/engram is at the same place whether this file runs from the sources or from dist. */
function nodeFolder(): string {
  const here = fileURLToPath(import.meta.url);
  const root = here.replace(/(\/dist)?\/harness\/cluster\/docker\/image\.[jt]s$/, '');
  return `${root}/docker/engram`;
}

/** First twelve digits of the SHA-256 of the Dockerfile and the bundle. Throws ClusterError. */
export function bundleDigest(): string {
  const hash = createHash('sha256');
  try {
    for (const name of sources) hash.update(readFileSync(`${nodeFolder()}/${name}`));
  } catch (cause) {
    const text = "the node's bundle is not built; run: npm run build && npm run setup";
    throw new ClusterError('no-image', text, { cause });
  }
  return hash.digest('hex').slice(0, 12);
}

export interface NodeImage {
  readonly name: string;
  readonly iptables: string;
}

async function labelsOf(
  engine: Engine,
  image: string,
): Promise<Readonly<Record<string, string>> | null> {
  try {
    return (await engine.getImage(image).inspect()).Config.Labels ?? {};
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return null;
    throw error;
  }
}

/** Labels of the base image; null where it is missing. */
export function baseLabels(engine: Engine): Promise<Readonly<Record<string, string>> | null> {
  return labelsOf(engine, baseImage);
}

/** One file on the base. */
const buildMs = 120_000;

async function build(engine: Engine, name: string, digest: string): Promise<void> {
  const stream = await engine.buildImage(
    { context: nodeFolder(), src: sources },
    { t: name, labels: { [bundleLabel]: digest }, forcerm: true },
  );
  await new Promise<void>((resolve, reject) => {
    const text = `the node's image was not built within ${buildMs / 1000} s`;
    setTimeout(() => reject(new ClusterError('no-image', text)), buildMs).unref();
    engine.modem.followProgress(stream, (error: Error | null, lines: { error?: string }[]) => {
      const printed = error?.message ?? lines?.find((line) => line.error !== undefined)?.error;
      if (printed === undefined) resolve();
      else reject(new ClusterError('no-image', `the node's image could not be built: ${printed}`));
    });
  });
}

/**
 * Finds the image of the present bundle, and builds it where it is missing (less than a second: one file
 * on the base). Rejects with ClusterError where the base is missing, or the bundle.
 */
export async function ensureNodeImage(engine: Engine): Promise<NodeImage> {
  const digest = bundleDigest();
  const name = `${nodeRepository}:${digest}`;
  let labels = await labelsOf(engine, name);
  if (labels === null) {
    if ((await baseLabels(engine)) === null) {
      throw new ClusterError('no-image', 'the base image is missing; run: npm run setup');
    }
    await build(engine, name, digest);
    labels = await labelsOf(engine, name);
  }
  return { name, iptables: labels?.[iptablesLabel] ?? 'none' };
}
