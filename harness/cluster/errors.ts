/** What can go wrong with a cluster. Each message says what to do. */
export type ClusterErrorCode =
  | 'no-engine'
  | 'no-rights'
  | 'no-image'
  | 'no-subnet'
  | 'port-in-use'
  | 'node-died'
  | 'not-ready'
  | 'engine-failed';

export class ClusterError extends Error {
  readonly code: ClusterErrorCode;
  constructor(code: ClusterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClusterError';
    this.code = code;
  }
}
