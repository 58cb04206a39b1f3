/** Causes of violations: see `causes.ts`. */
export type { Cause, CauseGroup, Consequence, Typical } from './cause.ts';
export { findCauses, listedViolations } from './causes.ts';
export type { Place, Relation } from './place.ts';
