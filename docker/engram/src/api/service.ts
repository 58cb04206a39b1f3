/** What the HTTP surface is given of the node it speaks for. */
import type { DataPlane, Placement } from '../data.ts';
import type { Env } from '../env/env.ts';
import type { Faults } from '../faults.ts';
import type { Visibility } from '../partition/visibility.ts';
import type { Router } from '../routing/router.ts';
import type { Settings } from '../settings.ts';
import type { Membership } from '../swim/membership.ts';

export interface Service {
  readonly env: Env;
  readonly settings: Settings;
  readonly faults: Faults;
  readonly membership: Membership;
  readonly placement: Placement;
  readonly data: DataPlane;
  readonly router: Router;
  visibility(): Visibility;
  owns(space: string): boolean;
  /** True from the moment on which nothing new is begun. */
  stopping(): boolean;
  /** Why this node is not healthy; null where it is. */
  trouble(): string | null;
  newId(): string;
  metrics(): Readonly<Record<string, number>>;
  /** Memories with more than one version, for people. */
  conflicts(): readonly unknown[];
}
