import { defineConfig } from 'vitest/config';

// Container tests start real clusters and take the machine for themselves: they run after the
// others, one file at a time.
// CI wants to know how many tests passed.
const report = process.env.AMNESIA_TEST_REPORT;

// Tests of whole runs, of thousands of histories, or of the packed command: minutes of processor time together. They
// run with everything, and `npm run test:fast` leaves them out.
const whole = [
  '**/*.sim.test.ts',
  '**/*.chaos.test.ts',
  'checkers/*/reference.test.ts',
  'checkers/causal/shapes.test.ts',
  'docker/engram/src/store/dataplane.test.ts',
  'docker/engram/src/swim/cluster.test.ts',
  'harness/campaign/soak.test.ts',
  'harness/cluster/sim/swim.test.ts',
  'harness/columns/{columns,damaged}.test.ts',
  'harness/foreign/import.test.ts',
  'harness/judge/{judge,two-threads}.test.ts',
  'harness/run/{run,sim}.test.ts',
  'test/packed.test.ts',
];
const elsewhere = [
  '**/node_modules/**',
  '**/dist/**',
  '**/*.container.test.ts',
  '**/*.browser.test.ts',
];

export default defineConfig({
  test: {
    reporters: report ? ['default', 'json'] : ['default'],
    ...(report ? { outputFile: { json: report } } : {}),
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{harness,checkers,nemesis,workloads,test,docker}/**/*.test.ts'],
          exclude: [...elsewhere, ...whole],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'whole',
          include: whole,
          exclude: elsewhere,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['harness/**/*.browser.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'containers',
          include: ['{harness,nemesis,test,docker}/**/*.container.test.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
