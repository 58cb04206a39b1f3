/** The checkers and options that tests of causes judge with, from one place. */

export { session } from '../../../../checkers/causal/session.ts';
export { convergence } from '../../../../checkers/convergence/convergence.ts';
export { lostWrites } from '../../../../checkers/lost-writes/lost-writes.ts';
export { unlimited } from '../../../../checkers/verdict/checker.ts';
export { defaultCheckOptions } from '../../../../checkers/verdict/compose.ts';
