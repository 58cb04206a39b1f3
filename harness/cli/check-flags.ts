/** The flags of `amnesia check`, as they come from the command line. */
export interface CheckFlags {
  readonly results: string;
  readonly checkers?: string;
  readonly promises?: string;
  readonly model?: string;
  readonly maxAnomalies?: string;
  readonly realTime?: true;
  readonly timeLimitS?: string;
  readonly memoryMb?: string;
  readonly initial?: string;
  readonly format?: string;
  readonly store: boolean;
  readonly report?: true;
  readonly json?: true;
  readonly verbose?: true;
}
