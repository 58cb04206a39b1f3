// What may be named in this folder without a path.
import toy from '../toy/toy.mjs';
import checker from './checker.mjs';
import fault from './fault.mjs';
import workload from './workload.mjs';

export default { systems: [toy], workloads: [workload], checkers: [checker], faults: [fault] };
