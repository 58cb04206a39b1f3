/**
 * A connection to one host, with the session limit of its sshd in mind: it is made when it is needed, made once more
 * where it was lost, and nothing that was under way is ever done again. The only file that knows ssh2.
 */
import type { Duplex } from 'node:stream';
import ssh2, { type Client, type ClientChannel, type ConnectConfig } from 'ssh2';
import type { ExecResult } from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import type { Line } from '../netfilter/agent.ts';
import type { Host } from './hosts.ts';
import { type KnownKey, keysOf, whyUnknown } from './known-hosts.ts';
import { commandOf } from './words.ts';

/** sshd allows ten (MaxSessions); one stays for the program beside the node. */
const sessionsMax = 6;
const openAttemptsMax = 100;
const openPauseMs = 50;
const readyTimeoutMs = 10_000;
/** A host that is silent for four of them is taken for gone. */
const keepaliveMs = 1000;
const keepaliveCountMax = 3;
const outputCharsMax = 4_000_000;

export interface Credentials {
  /** Content of a file with a private key; null: the agent is asked. */
  readonly key: Buffer | null;
  readonly agent: string | undefined;
  readonly known: readonly KnownKey[];
}

const describe = ({ user, host, port }: Host): string => `${user}@${host}:${port}`;

function explain(
  host: Host,
  error: Error & { level?: string },
  refused: string | null,
): ClusterError {
  if (refused !== null) return new ClusterError('no-rights', refused, { cause: error });
  const where = describe(host);
  if (error.level === 'client-authentication') {
    const text = `${where} takes none of the keys that were offered; see --ssh-key and --ssh-user`;
    return new ClusterError('no-rights', text, { cause: error });
  }
  const text = `${where} cannot be reached by ssh: ${error.message}`;
  return new ClusterError('no-engine', text, { cause: error });
}

/** Types whose keys are known come first, so that the host shows one that can be compared. */
function algorithmsFor(keys: readonly KnownKey[]): ConnectConfig['algorithms'] {
  const types = new Set(keys.filter(({ revoked }) => !revoked).map(({ type }) => type));
  const all = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-512', 'rsa-sha2-256'] as const;
  const known = all.filter((each) => types.has(each.startsWith('rsa-') ? 'ssh-rsa' : each));
  return known.length === 0 ? {} : { serverHostKey: [...known] };
}

export class SshConnection {
  readonly #host: Host;
  readonly #credentials: Credentials;
  readonly #through: SshConnection | null;
  #client: Promise<Client> | null = null;
  #closed = false;
  #sessions = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(host: Host, credentials: Credentials, through: SshConnection | null) {
    this.#host = host;
    this.#credentials = credentials;
    this.#through = through;
  }

  /** The present connection, or a new one. One attempt; rejects with ClusterError. */
  #connected(): Promise<Client> {
    if (this.#closed) {
      const text = `the connection to ${this.#host.host} has been closed`;
      return Promise.reject(new ClusterError('no-engine', text));
    }
    if (this.#client === null) {
      const made = this.#connect();
      this.#client = made;
      made.catch(() => {
        if (this.#client === made) this.#client = null;
      });
    }
    return this.#client;
  }

  async #connect(): Promise<Client> {
    const { host, port, user: username } = this.#host;
    const { key, agent, known } = this.#credentials;
    const sock = await this.#through?.forward(host, port);
    const client = new ssh2.Client();
    let refused: string | null = null;
    const options: ConnectConfig = {
      host,
      port,
      username,
      ...(sock ? { sock } : {}),
      ...(key ? { privateKey: key } : { agent }),
      algorithms: algorithmsFor(keysOf(known, host, port)),
      hostVerifier: (shown: Buffer) => {
        refused = whyUnknown(known, host, port, shown);
        return refused === null;
      },
      readyTimeout: readyTimeoutMs,
      keepaliveInterval: keepaliveMs,
      keepaliveCountMax,
    };
    return new Promise((resolve, reject) => {
      client.once('ready', () => {
        // Small requests and answers: without it each waits 40 ms for the next.
        client.setNoDelay(true);
        resolve(client);
      });
      client.on('error', (error) => reject(explain(this.#host, error, refused)));
      client.once('close', () => {
        this.#client = null;
        reject(explain(this.#host, new Error('it was closed'), refused));
      });
      try {
        client.connect(options);
      } catch (error) {
        reject(explain(this.#host, error as Error, refused));
      }
    });
  }

  /** Connects now, so that what is wrong with that is said before anything starts. */
  async open(): Promise<void> {
    await this.#connected();
  }

  /** A stream to a port that this host can reach. */
  async forward(host: string, port: number): Promise<Duplex> {
    const client = await this.#connected();
    return new Promise((resolve, reject) => {
      client.forwardOut('127.0.0.1', 0, host, port, (error, stream) => {
        if (error) reject(explain(this.#host, error, null));
        else resolve(stream);
      });
    });
  }

  /**
   * A program on the host. Its channel is handed to `attach` before anything else is read from the connection: a
   * program may have ended within the packet that says that it has begun.
   */
  async #begin<T>(argv: readonly string[], attach: (channel: ClientChannel) => T): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const client = await this.#connected();
      const begun = await new Promise<{ readonly value: T } | null>((resolve, reject) => {
        client.exec(commandOf(argv), (error, channel) => {
          if (!error) resolve({ value: attach(channel) });
          // The host has begun nothing: the session before is not quite over there.
          else if (/open failed/i.test(error.message) && attempt < openAttemptsMax) resolve(null);
          else reject(explain(this.#host, error, null));
        });
      });
      if (begun !== null) return begun.value;
      await new Promise((resolve) => setTimeout(resolve, openPauseMs));
    }
  }

  async #turn(): Promise<void> {
    if (this.#sessions >= sessionsMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#sessions++;
  }

  #release(): void {
    this.#sessions--;
    this.#waiting.shift()?.();
  }

  /** Rejects with ClusterError also where the connection was lost meanwhile: nobody knows then what was done. */
  async run(
    argv: readonly string[],
    timeoutMs: number,
    input: Buffer | string = '',
  ): Promise<ExecResult> {
    await this.#turn();
    try {
      return await this.#begin(argv, (channel) =>
        this.#toTheEnd(channel, argv[0], timeoutMs, input),
      );
    } finally {
      this.#release();
    }
  }

  #toTheEnd(
    channel: ClientChannel,
    program: string,
    timeoutMs: number,
    input: Buffer | string,
  ): Promise<ExecResult> {
    return new Promise((resolve, reject) => {
      let [stdout, stderr] = ['', ''];
      const timer = setTimeout(() => {
        channel.close();
        const text = `${program} did not end within ${timeoutMs} ms`;
        reject(new ClusterError('program-failed', text));
      }, timeoutMs);
      channel.setEncoding('utf8').on('data', (text: string) => {
        if (stdout.length < outputCharsMax) stdout += text;
      });
      channel.stderr.setEncoding('utf8').on('data', (text: string) => {
        if (stderr.length < outputCharsMax) stderr += text;
      });
      let ended: number | null = null;
      channel.on('exit', (code: number | null, signal?: string) => {
        ended = code ?? (signal === undefined ? 255 : 128);
      });
      channel.on('error', () => {});
      channel.once('close', () => {
        clearTimeout(timer);
        if (ended !== null) return resolve({ exitCode: ended, stdout, stderr });
        const text = `the connection to ${this.#host.host} was lost while ${program} ran there`;
        reject(new ClusterError('no-engine', text));
      });
      channel.end(input);
    });
  }

  /** A program that goes on, with its streams. */
  async converse(argv: readonly string[]): Promise<Line> {
    return this.#begin(argv, (channel) => {
      channel.on('error', () => {});
      channel.stderr.resume();
      return { input: channel, output: channel, close: () => channel.close() };
    });
  }

  close(): void {
    this.#closed = true;
    const client = this.#client;
    this.#client = null;
    client?.then((each) => each.end()).catch(() => {});
  }
}

/** Throws ClusterError for what is no private key that can be used without a word. */
export function checkKey(key: Buffer, path: string): Buffer {
  const parsed = ssh2.utils.parseKey(key);
  if (parsed instanceof Error) {
    const text = `${path} is no private key that can be read here: ${parsed.message}; take the agent for it`;
    throw new ClusterError('settings-refused', text);
  }
  return key;
}
