/**
 * Images of nodes: the base image and a few files, or a few packages. The tag is the digest of what goes into
 * it, so that a changed node is never mistaken for the one before, and nothing has to be written down.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ClusterError } from '../errors.ts';
import type { BuiltImage } from '../program.ts';
import type { Engine } from './engine.ts';

/** Made by docker/setup.sh; the Dockerfiles of the nodes name it, too. */
export const baseImage = 'amnesia-base:2';
/** On each built image: digest of its sources. */
export const bundleLabel = 'amnesia.bundle';
/** On all images of ours: the variant of iptables that works on this machine: nft, legacy or none. */
export const iptablesLabel = 'amnesia.iptables';

/** First twelve digits of the SHA-256 of the sources. Throws ClusterError. */
export function digestOf({ folder, sources, repository }: BuiltImage): string {
  const hash = createHash('sha256');
  for (const name of sources) {
    try {
      hash.update(readFileSync(`${folder}/${name}`));
    } catch (cause) {
      const text = `${folder}/${name}, which the image ${repository} is made of, cannot be read`;
      throw new ClusterError('no-image', `${text}; run: npm run build && npm run setup`, { cause });
    }
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

/** Some files on the base. */
const buildMs = 120_000;
/** Packages from the distribution's mirror. */
const fetchMs = 600_000;

async function build(engine: Engine, image: BuiltImage, name: string, digest: string) {
  const stream = await engine.buildImage(
    { context: image.folder, src: [...image.sources] },
    {
      t: name,
      labels: { [bundleLabel]: digest },
      forcerm: true,
      ...(image.fetches ? { networkmode: 'host' } : {}),
    },
  );
  const limitMs = image.fetches ? fetchMs : buildMs;
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const text = `the image ${name} was not built within ${limitMs / 1000} s`;
      timer = setTimeout(() => reject(new ClusterError('no-image', text)), limitMs);
      engine.modem.followProgress(stream, (error: Error | null, lines: { error?: string }[]) => {
        const printed = error?.message ?? lines?.find((line) => line.error !== undefined)?.error;
        if (printed === undefined) resolve();
        else
          reject(new ClusterError('no-image', `the image ${name} could not be built: ${printed}`));
      });
    });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Finds the image of the present sources, and builds it where it is missing (less than a second where nothing
 * is fetched). An image that is only named must be there. Rejects with ClusterError where the base is missing, a
 * source, or the named image.
 */
export async function ensureImage(engine: Engine, image: string | BuiltImage): Promise<NodeImage> {
  if (typeof image === 'string') {
    const labels = await labelsOf(engine, image);
    if (labels === null) {
      const text = `the engine has no image ${image}; build it, or load it with docker load`;
      throw new ClusterError('no-image', text);
    }
    return { name: image, iptables: labels[iptablesLabel] ?? 'none' };
  }
  const digest = digestOf(image);
  const name = `${image.repository}:${digest}`;
  let labels = await labelsOf(engine, name);
  if (labels === null) {
    if ((await baseLabels(engine)) === null) {
      throw new ClusterError('no-image', 'the base image is missing; run: npm run setup');
    }
    await build(engine, image, name, digest);
    labels = await labelsOf(engine, name);
  }
  return { name, iptables: labels?.[iptablesLabel] ?? 'none' };
}
