/** What can go wrong with a cluster. Each message says what to do. */
import { AmnesiaError } from '../world/exit-codes.ts';

export type ClusterErrorCode =
  | 'no-engine'
  | 'no-runtime'
  | 'no-rights'
  | 'no-image'
  | 'no-subnet'
  | 'port-in-use'
  | 'no-node'
  | 'node-died'
  | 'settings-refused'
  | 'not-ready'
  | 'rules-refused'
  | 'agent-lost'
  | 'program-failed'
  | 'engine-failed';

export class ClusterError extends AmnesiaError {
  readonly code: ClusterErrorCode;
  /** 254: bad arguments. 255: nothing is wrong with them, and there is nothing to be judged. */
  override readonly exitCode: 254 | 255;
  constructor(code: ClusterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClusterError';
    this.code = code;
    this.exitCode = code === 'settings-refused' ? 254 : 255;
  }
}

/** EX_CONFIG of sysexits.h: with it a node ends that cannot use its settings. */
export const EXIT_CONFIG = 78;

/** A node that ended before it served; `words`: the last lines that it wrote. */
export function diedAtStart(
  node: string,
  exitCode: number | null,
  words: readonly string[],
): ClusterError {
  const how = exitCode === null ? '' : ` with exit code ${exitCode}`;
  const lastWords = words.map((line) => `  ${line}`).join('\n');
  return new ClusterError(
    exitCode === EXIT_CONFIG ? 'settings-refused' : 'node-died',
    `${node} died at start${how}; ${lastWords === '' ? 'it said nothing' : `its last words:\n${lastWords}`}`,
  );
}
