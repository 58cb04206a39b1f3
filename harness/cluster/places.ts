/** Where nodes live that are not made here: hosts that are reached by ssh, and clusters that others run. */

export interface SshSpec {
  /** `[user@]host[:port][=address]`, one for each node. */
  readonly hosts: readonly string[];
  /** Where a host names none; empty: this user. */
  readonly user: string;
  /** File with a private key; empty: the agent of SSH_AUTH_SOCK. */
  readonly keyFile: string;
  readonly knownHostsFile: string;
  /** A host that leads to the others, in the same form; empty: none. */
  readonly jump: string;
  /** Rules are set by `sudo -n`. */
  readonly sudo: boolean;
}

export interface ExternalSpec {
  readonly urls: readonly string[];
  /** Program and arguments; empty: no faults. */
  readonly faultCommand: readonly string[];
}
