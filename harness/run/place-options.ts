/** Options of where nodes live that are not made here: hosts by ssh, and clusters that others run. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { ClusterSpec } from '../cluster/cluster.ts';

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== ''),
);

export const placeOptions = {
  'ssh-hosts': {
    schema: list,
    fallback: '',
    meaning:
      'ssh only: a host for each node, as user@host:port=address; all but the host may be left out',
  },
  'ssh-user': {
    schema: z.string(),
    fallback: '',
    meaning: 'ssh only: user on hosts that name none; the one who runs this where left out',
  },
  'ssh-key': {
    schema: z.string(),
    fallback: '',
    meaning: 'ssh only: file with a private key; the agent of SSH_AUTH_SOCK where left out',
  },
  'ssh-known-hosts': {
    schema: z.string(),
    fallback: '',
    meaning: 'ssh only: file with the keys of the hosts; ~/.ssh/known_hosts where left out',
  },
  'ssh-jump': {
    schema: z.string(),
    fallback: '',
    meaning: 'ssh only: host that leads to the others, as user@host:port',
  },
  'ssh-sudo': {
    schema: z.boolean(),
    fallback: false,
    meaning: 'ssh only: set packet filters by sudo -n',
  },
  urls: {
    schema: list,
    fallback: '',
    meaning: 'external only: the URL of each node of a cluster that others run',
  },
  'fault-command': {
    schema: z.string(),
    fallback: '',
    meaning:
      'external only: program (and first arguments) that makes faults there; it is asked for its capabilities',
  },
} as const;

type PlaceOptions = {
  readonly [Name in keyof typeof placeOptions]: z.output<(typeof placeOptions)[Name]['schema']>;
};

/** Values of other options that follow from these, where nobody gave them; as text. */
export function usualPlaces(
  raw: Readonly<Record<string, string | boolean | undefined>>,
): Readonly<Record<string, string>> {
  for (const [name, runtime] of [
    ['urls', 'external'],
    ['ssh-hosts', 'ssh'],
  ] as const) {
    const given = list.safeParse(raw[name]);
    if (given.success && given.data.length > 0) {
      return { runtime, nodes: String(given.data.length) };
    }
  }
  return {};
}

/** The parts of a cluster's specification that come from these options. */
export function placesOf(options: PlaceOptions): Pick<ClusterSpec, 'ssh' | 'external'> {
  const usual = join(homedir(), '.ssh', 'known_hosts');
  const words = options['fault-command'].split(/\s+/).filter((word) => word !== '');
  return {
    ssh: {
      hosts: options['ssh-hosts'],
      user: options['ssh-user'],
      keyFile: options['ssh-key'],
      knownHostsFile: options['ssh-known-hosts'] || (existsSync(usual) ? usual : ''),
      jump: options['ssh-jump'],
      sudo: options['ssh-sudo'],
    },
    external: { urls: options.urls, faultCommand: words },
  };
}
