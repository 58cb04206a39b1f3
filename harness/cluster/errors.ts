/** What can go wrong with a cluster. Each message says what to do. */
export type ClusterErrorCode =
  | 'no-engine'
  | 'no-rights'
  | 'no-image'
  | 'no-subnet'
  | 'port-in-use'
  | 'no-node'
  | 'node-died'
  | 'not-ready'
  | 'engine-failed';

export class ClusterError extends Error {
  readonly code: ClusterErrorCode;
  /** Nothing is wrong with the arguments, and there is nothing to be judged. */
  readonly exitCode = 255;
  constructor(code: ClusterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClusterError';
    this.code = code;
  }
}
