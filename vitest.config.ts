import { defineConfig } from 'vitest/config';

const shared = { pool: 'threads', testTimeout: 15_000, hookTimeout: 60_000 } as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: [
            'server/src/**/*.test.ts',
            'cli/src/**/*.test.ts',
            'client/src/**/*.test.ts',
            'scripts/**/*.test.ts',
          ],
          exclude: ['**/*.db.test.ts', '**/node_modules/**', '**/dist/**'],
          isolate: false,
        },
      },
      {
        // The long form of properties that run in `unit` too.
        test: {
          ...shared,
          name: 'fuzz',
          include: ['server/src/http/send-roads.test.ts'],
          provide: { fuzzRuns: 40_000 },
        },
      },
      {
        test: {
          ...shared,
          name: 'db',
          include: ['server/src/**/*.db.test.ts', 'server/test/db/**/*.test.ts'],
          globalSetup: ['server/test/helpers/database-server.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          ...shared,
          name: 'e2e',
          include: ['server/test/e2e/**/*.test.ts', 'cli/test/**/*.test.ts'],
          globalSetup: ['server/test/helpers/database-server.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          ...shared,
          name: 'integrity',
          include: ['server/test/integrity/**/*.test.ts'],
          globalSetup: ['server/test/helpers/database-server.ts'],
          fileParallelism: false,
          testTimeout: 240_000,
        },
      },
    ],
  },
});
