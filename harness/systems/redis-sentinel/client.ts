/**
 * A Redis client that finds its primary by Sentinel, as applications do: it asks the Sentinel of its own node, and
 * keeps to that primary until an answer tells that it is none. Final reads ask the node's own server, so that
 * replicas are compared with each other.
 */
import type { Completion, Invocation } from '../../generator/operation.ts';
import { TcpConnection, TcpError } from '../../world/tcp.ts';
import type { Client, ClientContext } from '../client.ts';
import type { Effect } from '../data-types.ts';
import { errorName, failed } from './outcomes.ts';
import { primaryName, type RedisOptions, redisPort, sentinelPort } from './program.ts';
import { command, cutReply, isRefusal, type Reply } from './resp.ts';

export type Context = ClientContext<RedisOptions, unknown>;
type Redis = TcpConnection<Reply>;

/** A command of a data type, and what its reply means; null: not as documented. */
export interface Ask {
  readonly effect: Effect;
  readonly words: readonly (string | number)[];
  understand(reply: Reply): { readonly value: unknown } | null;
}

const sentinelTimeoutMs = 1000;
const sentinelEveryMs = 500;
/** How long WAIT may wait for replicas, as a share of the operation's time. */
const waitShare = 0.5;

export class RedisClient implements Client {
  readonly #context: Context;
  readonly #toAsk: (invocation: Invocation) => Ask;
  #connection: Redis | null = null;
  #server: string | undefined;
  #host: string | null = null;
  #askedNs = Number.NEGATIVE_INFINITY;

  constructor(context: Context, toAsk: (invocation: Invocation) => Ask) {
    this.#context = context;
    this.#toAsk = toAsk;
  }

  async invoke(invocation: Invocation): Promise<Completion> {
    const ask = this.#toAsk(invocation);
    const { value: asked } = invocation;
    try {
      const connection = await this.#connected();
      if (connection === null) {
        return failed(ask.effect, 'no-primary', 'Sentinel knows no primary', asked);
      }
      const reply = await connection.request(command(...ask.words));
      if (isRefusal(reply)) return this.#refused(ask, reply.refused, asked);
      const understood = ask.understand(reply);
      if (understood === null) return this.#ending(ask, 'malformed', 'unexpected reply', asked);
      const short = ask.effect === 'write' ? await this.#tooFewReplicas(connection) : null;
      if (short !== null) return this.#ending(ask, 'not-replicated', short, asked);
      return { outcome: 'ok', value: understood.value, server: this.#server };
    } catch (error) {
      await this.close();
      const message = error instanceof Error ? error.message : String(error);
      return this.#ending(ask, errorName(error), message, asked);
    }
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    await connection?.close();
  }

  #ending(ask: Ask, error: string, message: string, value: unknown): Completion {
    return failed(ask.effect, error, message, value, this.#server);
  }

  /** A server that says that it is no primary, or cannot serve, is asked no more. */
  async #refused(ask: Ask, refusal: string, value: unknown): Promise<Completion> {
    await this.close();
    return this.#ending(ask, refusal.split(' ')[0], refusal, value);
  }

  /** Asks Sentinel from time to time, so that a fail-over is followed as by a client that is told of it. */
  async #connected(): Promise<Redis | null> {
    const { node, nodes, timeoutMs, session, world } = this.#context;
    const isFresh = world.clock.nowNs() - this.#askedNs < sentinelEveryMs * 1e6;
    if (this.#connection !== null && (session === null || isFresh)) return this.#connection;
    this.#askedNs = world.clock.nowNs();
    const host = session === null ? node.address : await this.#primary();
    if (host === null) return null;
    if (this.#connection !== null && host === this.#host) return this.#connection;
    await this.close();
    this.#host = host;
    this.#server = nodes.find(({ address }) => address === host)?.name;
    this.#connection = new TcpConnection({ host, port: redisPort, timeoutMs, cut: cutReply });
    return this.#connection;
  }

  /** Address of the primary, as the Sentinel of this client's node has it. */
  async #primary(): Promise<string | null> {
    const { node, timeoutMs } = this.#context;
    const sentinel = new TcpConnection<Reply>({
      host: node.address,
      port: sentinelPort,
      timeoutMs: Math.min(timeoutMs, sentinelTimeoutMs),
      cut: cutReply,
    });
    try {
      const words = ['SENTINEL', 'get-master-addr-by-name', primaryName];
      const reply = await sentinel.request(command(...words));
      return Array.isArray(reply) && typeof reply[0] === 'string' ? reply[0] : null;
    } catch (error) {
      // Nothing was sent to a primary yet, so nothing can have happened there.
      if (error instanceof TcpError) throw new TcpError('refused', `Sentinel: ${error.message}`);
      throw error;
    } finally {
      await sentinel.close();
    }
  }

  /** With the option `wait`: what WAIT says where it reached fewer replicas. */
  async #tooFewReplicas(connection: Redis): Promise<string | null> {
    const { options, timeoutMs } = this.#context;
    if (options.wait === 0) return null;
    const limitMs = Math.floor(timeoutMs * waitShare);
    const reply = await connection.request(command('WAIT', options.wait, limitMs));
    if (typeof reply === 'number' && reply >= options.wait) return null;
    const reached = isRefusal(reply) ? reply.refused : `${reply} of ${options.wait} replicas`;
    return `WAIT reached ${reached}`;
  }
}
