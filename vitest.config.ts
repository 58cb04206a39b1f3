import { defineConfig } from 'vitest/config';

// Container tests start real clusters and take the machine for themselves: they run after the
// others, one file at a time.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{harness,checkers,nemesis,workloads,test,docker}/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', '**/*.container.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'containers',
          include: ['{harness,nemesis,test}/**/*.container.test.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
