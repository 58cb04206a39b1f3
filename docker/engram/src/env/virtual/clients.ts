/**
 * Clients of the virtual world: HTTP over streams of the same network, from a machine that no cut touches. A
 * connection is opened by its first request and kept. A killed node resets it, a machine without
 * power says nothing at all.
 */
import { bodyOf, type HttpRequest, type HttpResponse } from '../env.ts';
import { starting } from '../starting.ts';
import { happen } from './calls.ts';
import type { Links } from './links.ts';
import { ConnectionLost, type Life, type Machine } from './machine.ts';
import type { Schedule } from './schedule.ts';

/** The machine of all clients. */
const here = '(client)';
const connectTimeoutMs = 1000;
/** Of a packet without content, and about of the headers of a request or an answer. */
const smallBytes = 60;
const headBytes = 400;

export class ClientConnection {
  readonly #id: string;
  readonly #machine: Machine;
  readonly #links: Links;
  readonly #schedule: Schedule;
  #life: Life | null = null;

  constructor(id: string, machine: Machine, links: Links, schedule: Schedule) {
    this.#id = id;
    this.#machine = machine;
    this.#links = links;
    this.#schedule = schedule;
  }

  /** Rejects with ConnectionLost, or never settles: the time-out is the client's. One at a time. */
  request(request: HttpRequest): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      const lost = (code: ConnectionLost['code']): void =>
        reject(new ConnectionLost(code, this.#id));
      // The client has seen the end of a connection that was closed; power loss closes nothing.
      if (this.#life?.ended === 'killed') this.#life = null;
      if (this.#life === null)
        this.#connect((life) => this.#send(life, request, resolve, lost), lost);
      else if (this.#life.ended === null) this.#send(this.#life, request, resolve, lost);
      else if (this.#machine.life !== null) {
        // The machine is up again and knows nothing of this connection.
        this.#life = null;
        const ms = this.#thereMs(() => smallBytes) + this.#backMs(() => smallBytes);
        this.#schedule.after(ms, () => lost('reset'));
      }
    });
  }

  /** Whatever still comes on this connection comes to nobody. */
  close(): void {
    this.#life = null;
  }

  #connect(connected: (life: Life) => void, lost: (code: ConnectionLost['code']) => void): void {
    const [there] = this.#links.datagram(here, this.#id, smallBytes);
    const [back] = this.#links.datagram(this.#id, here, smallBytes);
    const { life, lastEnd } = this.#machine;
    const dark = life === null && lastEnd === 'without-power';
    // A lost packet of the handshake is sent again after a second (RFC 6298): too late.
    if (dark || there === undefined || back === undefined || there + back > connectTimeoutMs) {
      this.#schedule.after(connectTimeoutMs, () => lost('connect-timeout'));
      return;
    }
    this.#schedule.after(there + back, () => {
      const { life } = this.#machine;
      if (life === null) return lost('refused');
      this.#life = life;
      connected(life);
    });
  }

  #send(
    life: Life,
    request: HttpRequest,
    resolve: (answer: HttpResponse) => void,
    lost: (code: ConnectionLost['code']) => void,
  ): void {
    const lose = (_: ConnectionLost, silently: boolean): void => {
      life.waiting.delete(lose);
      if (silently) return;
      this.#schedule.after(
        this.#backMs(() => smallBytes),
        () => lost('reset'),
      );
    };
    life.waiting.add(lose);
    const answer = (given: HttpResponse): void => {
      // Not there any more: the node died while it worked.
      if (!life.waiting.delete(lose)) return;
      const bytes = (): number => headBytes + bodyOf(given).length;
      this.#schedule.after(this.#backMs(bytes), () => resolve(given));
    };
    const arrive = (): void => {
      if (life.onHttp === null) answer(starting);
      else life.onHttp(request).then(answer, () => lose(new ConnectionLost('reset', ''), false));
    };
    const bytes = (): number => headBytes + requestBytes(request);
    this.#schedule.after(this.#thereMs(bytes), () => happen(life.endpoint, arrive));
  }

  #thereMs(bytes: () => number): number {
    return this.#links.stream(here, this.#id, bytes);
  }

  #backMs(bytes: () => number): number {
    return this.#links.stream(this.#id, here, bytes);
  }
}

/** As text it would be a number for each place. */
const asList = (_: string, value: unknown): unknown =>
  value instanceof Float32Array ? [...value] : value;

function requestBytes({ json, body }: HttpRequest): number {
  return json === undefined ? body.length : JSON.stringify(json, asList).length;
}
