/** Causes of violations: see `causes.ts`. */
export type { Cause, CauseGroup, Consequence, Typical } from './cause.ts';
export { findCauses, listedViolations, placeOf } from './causes.ts';
export { momentOf, type Place, type Relation, serverOf } from './place.ts';
export { rowsOf } from './rows.ts';
