/** The checkers and options that tests of causes judge with, from one place. */
export { unlimited } from '../../../../checkers/checker.ts';
export { defaultCheckOptions } from '../../../../checkers/compose.ts';
export { convergence } from '../../../../checkers/convergence.ts';
export { lostWrites } from '../../../../checkers/lost-writes.ts';
export { session } from '../../../../checkers/session.ts';
