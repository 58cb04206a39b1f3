/**
 * The container engine, as one that always answers: what it leaves open fails after a while. The only file that knows
 * dockerode.
 */
import Docker from 'dockerode';
import { ClusterError } from '../errors.ts';

export type Engine = Docker;
export type Container = Docker.Container;

const answerMs = 60_000;
/** The client's own time-out, for streams: later, since it says less. */
const silenceMs = 65_000;

/** The engine of DOCKER_HOST, or the one of this machine. Throws ClusterError. */
export function openEngine(): Engine {
  try {
    return bounded(new Docker({ timeout: silenceMs }), answerMs);
  } catch (cause) {
    const text = `DOCKER_HOST cannot be understood: ${(cause as Error).message}`;
    throw new ClusterError('no-engine', text, { cause });
  }
}

/** Of `docker-modem`, as far as it is used here. */
interface Dialled {
  readonly method: string;
  readonly path: string;
}
type Callback = (error: unknown, answer?: unknown) => void;
interface Modem {
  dial(options: Dialled, callback: Callback): void;
}

/**
 * The same engine, whose requests end within `ms`. Its client waits for the rest of an answer that breaks off for
 * ever, and whoever waits for the client does, too. For a stream it is the time to its beginning.
 */
export function bounded(engine: Engine, ms: number): Engine {
  const modem = engine.modem as Modem;
  const dial = modem.dial.bind(modem);
  modem.dial = (options, callback) => {
    let open = true;
    const end: Callback = (error, answer) => {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      callback(error, answer);
    };
    const timer = setTimeout(() => {
      const path = options.path.split('?')[0];
      const text = `the container engine has not answered ${options.method} ${path} for ${ms / 1000} s`;
      end(new ClusterError('engine-failed', `${text}; restart it`));
    }, ms);
    dial(options, end);
  };
  return engine;
}
