import { defineConfig } from 'vitest/config';
import { Sequence } from './e2e/sequence.ts';

const tests = ['**/*.test.ts'];
/** Programs of their own, and several parts together over real sockets and timers. */
const process = ['**/*.process.test.ts', '**/*.integration.test.ts'];
const excluded = ['**/node_modules/**', '**/dist/**'];

export default defineConfig({
  test: {
    sequence: { sequencer: Sequence },
    coverage: {
      provider: 'v8',
      include: ['crds/**', 'models/**', 'operator/**', 'server/**'],
      exclude: ['**/*.test.ts', '**/golden/**'],
      reporter: ['text-summary', 'json-summary'],
    },
    projects: [
      {
        test: {
          name: 'unit',
          include: tests,
          exclude: [...excluded, ...process, '**/*.api.test.ts', '**/*.e2e.test.ts'],
          // Many wait for timers and sockets of their own; more of them than processors keep those busy.
          maxWorkers: 4,
          // A bound for a busy machine, not an expectation.
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'process',
          include: process,
          exclude: excluded,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'api',
          include: ['**/*.api.test.ts'],
          exclude: excluded,
          globalSetup: ['e2e/cluster/setup-api.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.e2e.test.ts'],
          exclude: excluded,
          globalSetup: ['e2e/cluster/setup-pods.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          sequence: { concurrent: false },
        },
      },
    ],
  },
});
