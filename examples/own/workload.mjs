// A workload: elements go into one set only, so that everybody meets.
import { defineWorkload, mix, rate, readThroughAll, repeat, source } from 'amnesia/workload';

export default defineWorkload({
  name: 'one-set',
  dataType: 'set',
  operations: ['add', 'read-all'],
  promise: 'no acknowledged element of the one set is lost, and all nodes agree on it',
  generator: ({ rate: perSecond, spacePrefix }, rng) => {
    const key = `${spacePrefix}-only`;
    const adds = source(rng.split('adds'), 1, (value) => ({
      invocation: { f: 'add', key, value },
      state: value + 1,
    }));
    const reads = repeat({ f: 'read-all', key, value: null });
    const load = mix(rng.split('mix'), [
      { weight: 0.9, generator: adds },
      { weight: 0.1, generator: reads },
    ]);
    const arrivals = { perSecond, spacing: 'exponential', rng: rng.split('arrivals') };
    return rate(arrivals, load);
  },
  finalGenerator: ({ nodes }, keys) => readThroughAll('read-all', keys, nodes),
  minimumOk: { overall: 50, perFaultWindow: 5 },
});
