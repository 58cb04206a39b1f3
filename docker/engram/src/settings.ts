/**
 * Settings by environment, validated before anything starts. One table describes them all; the
 * parser and the printed reference both read it.
 */
import { type FaultName, faultSwitches, isFaultName } from './faults.ts';

export interface Settings {
  readonly nodeId: string;
  readonly bind: string;
  readonly advertise: string;
  readonly httpPort: number;
  readonly swimPort: number;
  readonly rpcPort: number;
  readonly dataDir: string;
  readonly seeds: readonly string[];
  readonly faults: readonly FaultName[];
  readonly rack: string;
  readonly zone: string;
  /** Secrets: the first signs what nodes send each other, all are accepted; none: nothing is authenticated. */
  readonly clusterKeys: readonly string[];
  /** Secrets of clients; none: anybody may ask. */
  readonly apiKeys: readonly string[];
  readonly replicationFactor: number;
  /** How long a stop may ship what is on this disk alone. */
  readonly drainMs: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

interface SettingRow {
  readonly name: string;
  readonly fallback: string | null;
  readonly accepts: string;
  readonly pattern: RegExp;
  readonly meaning: string;
}

const host = '[A-Za-z0-9._-]{1,253}';
const portNumber = '([1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d\\d|655[0-2]\\d|6553[0-5])';
const hostPort = `${host}:${portNumber}`;
const port = new RegExp(`^${portNumber}$`);
const label = /^[A-Za-z0-9._-]{0,64}$/;

export const settingRows: readonly SettingRow[] = [
  {
    name: 'ENGRAM_NODE_ID',
    fallback: null,
    accepts: '1 to 32 of a-z 0-9 -',
    pattern: /^[a-z0-9-]{1,32}$/,
    meaning: 'Name of this node, unique in the cluster',
  },
  {
    name: 'ENGRAM_BIND',
    fallback: '127.0.0.1',
    accepts: 'an IPv4 address',
    pattern: /^(\d{1,3}\.){3}\d{1,3}$/,
    meaning: 'Address that all listeners bind to',
  },
  {
    name: 'ENGRAM_ADVERTISE',
    fallback: '',
    accepts: 'an IPv4 address or host name that peers can reach',
    pattern: new RegExp(`^(${host})?$`),
    meaning: 'Address told to peers; ENGRAM_BIND where not set',
  },
  {
    name: 'ENGRAM_HTTP_PORT',
    fallback: '7432',
    accepts: '1 to 65535',
    pattern: port,
    meaning: 'Port of the HTTP API',
  },
  {
    name: 'ENGRAM_SWIM_PORT',
    fallback: '7946',
    accepts: '1 to 65535',
    pattern: port,
    meaning: 'UDP port of SWIM',
  },
  {
    name: 'ENGRAM_RPC_PORT',
    fallback: '7433',
    accepts: '1 to 65535',
    pattern: port,
    meaning: 'gRPC port for peers',
  },
  {
    name: 'ENGRAM_DATA_DIR',
    fallback: './data',
    accepts: 'a path',
    pattern: /^.{1,4096}$/,
    meaning: 'Folder of the write-ahead log; made where it is missing',
  },
  {
    name: 'ENGRAM_SEEDS',
    fallback: '',
    accepts: 'host:port of SWIM, separated by commas',
    pattern: new RegExp(`^(${hostPort}(,${hostPort})*)?$`),
    meaning:
      'Peers to ask for the cluster, a name stands for all its addresses; none: a single node',
  },
  {
    name: 'ENGRAM_FAULTS',
    fallback: '',
    accepts: Object.keys(faultSwitches).join(', '),
    pattern: /^[a-z-]*(,[a-z-]+)*$/,
    meaning: 'Ways to break this node on purpose, separated by commas',
  },
  {
    name: 'ENGRAM_RACK',
    fallback: '',
    accepts: 'up to 64 of A-Z a-z 0-9 . _ -',
    pattern: label,
    meaning: 'Rack; copies of a space avoid sharing one',
  },
  {
    name: 'ENGRAM_ZONE',
    fallback: '',
    accepts: 'up to 64 of A-Z a-z 0-9 . _ -',
    pattern: label,
    meaning: 'Zone, for people',
  },
  {
    name: 'ENGRAM_CLUSTER_KEY',
    fallback: '',
    accepts: 'at least 16 characters',
    pattern: /^(.{16,256})?$/,
    meaning: 'Secret that authenticates datagrams and calls between nodes; the same on every node',
  },
  {
    name: 'ENGRAM_CLUSTER_KEY_ALSO',
    fallback: '',
    accepts: 'at least 16 characters',
    pattern: /^(.{16,256})?$/,
    meaning: 'A second key that is accepted and not signed with, while keys are changed',
  },
  {
    name: 'ENGRAM_API_KEYS',
    fallback: '',
    accepts: 'texts of 16 to 256 of A-Z a-z 0-9 . _ -, separated by commas',
    pattern: /^([A-Za-z0-9._-]{16,256}(,[A-Za-z0-9._-]{16,256})*)?$/,
    meaning: 'Keys of clients, sent as Authorization: Bearer; none: anybody may ask',
  },
  {
    name: 'ENGRAM_REPLICATION_FACTOR',
    fallback: '3',
    accepts: '1 to 9',
    pattern: /^[1-9]$/,
    meaning: 'Copies of each space',
  },
  {
    name: 'ENGRAM_DRAIN_MS',
    fallback: '8000',
    accepts: '0 to 99999',
    pattern: /^[0-9]{1,5}$/,
    meaning:
      'How long SIGTERM waits until each acknowledged write is on another disk; else it exits with 75',
  },
  {
    name: 'ENGRAM_LOG_LEVEL',
    fallback: 'info',
    accepts: 'debug, info, warn, error',
    pattern: /^(debug|info|warn|error)$/,
    meaning: 'Least level that is logged',
  },
];

export type ParsedSettings =
  | { readonly ok: true; readonly settings: Settings }
  /** One sentence for each problem; all of them, not only the first. */
  | { readonly ok: false; readonly problems: readonly string[] };

export function parseSettings(env: Readonly<Record<string, string | undefined>>): ParsedSettings {
  const problems: string[] = [];
  const values = new Map<string, string>();
  for (const row of settingRows) {
    const value = env[row.name] ?? row.fallback;
    if (value === null) {
      problems.push(`${row.name} is not set; set it to ${row.accepts}`);
    } else if (!row.pattern.test(value)) {
      const shown = /KEY/.test(row.name) ? '(hidden)' : JSON.stringify(value);
      problems.push(`${row.name} is ${shown}; it takes ${row.accepts}`);
    } else {
      values.set(row.name, value);
    }
  }
  for (const name of Object.keys(env)) {
    if (name.startsWith('ENGRAM_') && !settingRows.some((row) => row.name === name)) {
      problems.push(
        `${name} is no setting; the settings are those of the reference, check its spelling`,
      );
    }
  }
  const faults = (values.get('ENGRAM_FAULTS') ?? '').split(',').filter((name) => name !== '');
  for (const name of faults.filter((each) => !isFaultName(each))) {
    problems.push(`ENGRAM_FAULTS has ${name}; it takes ${Object.keys(faultSwitches).join(', ')}`);
  }
  const bind = values.get('ENGRAM_BIND') ?? '';
  const advertise = values.get('ENGRAM_ADVERTISE') || bind;
  if (advertise === '0.0.0.0') {
    problems.push('ENGRAM_ADVERTISE is not set; peers cannot reach the bind address, so set it');
  }
  if (values.has('ENGRAM_HTTP_PORT') && sameTcpPort(values)) {
    problems.push('ENGRAM_RPC_PORT is the same as ENGRAM_HTTP_PORT; give them different ports');
  }
  if (values.get('ENGRAM_CLUSTER_KEY') === '' && values.get('ENGRAM_CLUSTER_KEY_ALSO') !== '') {
    problems.push(
      'ENGRAM_CLUSTER_KEY_ALSO is set without ENGRAM_CLUSTER_KEY; set the key to sign with',
    );
  }
  if (problems.length > 0) return { ok: false, problems };
  const text = (name: string): string => values.get(name)!;
  return {
    ok: true,
    settings: {
      nodeId: text('ENGRAM_NODE_ID'),
      bind,
      advertise,
      httpPort: Number(text('ENGRAM_HTTP_PORT')),
      swimPort: Number(text('ENGRAM_SWIM_PORT')),
      rpcPort: Number(text('ENGRAM_RPC_PORT')),
      dataDir: text('ENGRAM_DATA_DIR'),
      seeds: text('ENGRAM_SEEDS')
        .split(',')
        .filter((seed) => seed !== ''),
      faults: faults.filter(isFaultName),
      rack: text('ENGRAM_RACK'),
      zone: text('ENGRAM_ZONE'),
      clusterKeys: [text('ENGRAM_CLUSTER_KEY'), text('ENGRAM_CLUSTER_KEY_ALSO')].filter(
        (key) => key !== '',
      ),
      apiKeys: text('ENGRAM_API_KEYS')
        .split(',')
        .filter((key) => key !== ''),
      replicationFactor: Number(text('ENGRAM_REPLICATION_FACTOR')),
      drainMs: Number(text('ENGRAM_DRAIN_MS')),
      logLevel: text('ENGRAM_LOG_LEVEL') as Settings['logLevel'],
    },
  };
}

function sameTcpPort(values: ReadonlyMap<string, string>): boolean {
  return values.get('ENGRAM_HTTP_PORT') === values.get('ENGRAM_RPC_PORT');
}

/** The settings and fault switches as Markdown tables, printed by `engram --reference`. */
export function settingsReference(): string {
  const lines = ['| setting | default | accepts | meaning |', '|---|---|---|---|'];
  for (const { name, fallback, accepts, meaning } of settingRows) {
    const value = fallback === null ? 'required' : fallback === '' ? '' : `\`${fallback}\``;
    const values = name === 'ENGRAM_FAULTS' ? 'switches, see below' : accepts;
    lines.push(`| \`${name}\` | ${value} | ${values} | ${meaning} |`);
  }
  lines.push('', '| switch | what breaks | who must notice |', '|---|---|---|');
  for (const [name, { breaks, noticedBy }] of Object.entries(faultSwitches)) {
    lines.push(`| \`${name}\` | ${breaks} | ${noticedBy} |`);
  }
  return `${lines.join('\n')}\n`;
}
