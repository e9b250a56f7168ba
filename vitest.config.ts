import { defineConfig } from 'vitest/config';

const shared = { pool: 'threads', testTimeout: 15_000, hookTimeout: 60_000 } as const;

const integrity = {
  ...shared,
  globalSetup: 'server/test/helpers/database-server.ts',
  testTimeout: 240_000,
} as const;
/** What they promise is measured in milliseconds and megabytes, so nothing runs beside them. */
const MEASURING = [
  'server/test/integrity/a-bad-client-harms-nobody-else.test.ts',
  'server/test/integrity/a-soak-stays-flat.test.ts',
];

/** Files at once. Projects that differ in this run one after another. */
function inParallel(maxWorkers: number, groupOrder: number): { maxWorkers: number; sequence: { groupOrder: number } } {
  return { maxWorkers, sequence: { groupOrder } };
}

export default defineConfig({
  test: {
    // Of a file's tests that say that they may run at once.
    maxConcurrency: 3,
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: [
            'server/src/**/*.test.ts',
            'cli/src/**/*.test.ts',
            'client/src/**/*.test.ts',
            'packages/*/{src,test}/**/*.test.ts',
            'scripts/**/*.test.ts',
          ],
          exclude: ['**/*.db.test.ts', 'packages/*/test/peers/**', '**/node_modules/**', '**/dist/**'],
          isolate: false,
          ...inParallel(3, 0),
        },
      },
      {
        // The long form of properties that run in `unit` too.
        test: {
          ...shared,
          name: 'fuzz',
          include: ['server/src/http/send-roads.test.ts'],
          provide: { fuzzRuns: 40_000 },
          ...inParallel(1, 5),
        },
      },
      {
        // Against programs of others, which must be installed.
        test: {
          ...shared,
          name: 'peers',
          include: ['packages/*/test/peers/**/*.test.ts'],
          testTimeout: 30_000,
          ...inParallel(1, 6),
        },
      },
      {
        test: {
          ...shared,
          name: 'db',
          include: ['server/src/**/*.db.test.ts', 'server/test/db/**/*.test.ts'],
          globalSetup: ['server/test/helpers/database-server.ts'],
          ...inParallel(3, 1),
          testTimeout: 30_000,
        },
      },
      {
        test: {
          ...shared,
          name: 'e2e',
          include: ['server/test/e2e/**/*.test.ts', 'cli/test/**/*.test.ts'],
          globalSetup: ['server/test/helpers/database-server.ts'],
          ...inParallel(4, 2),
          testTimeout: 60_000,
        },
      },
      {
        // They mostly wait.
        test: {
          ...integrity,
          name: 'integrity',
          include: ['server/test/integrity/**/*.test.ts'],
          exclude: MEASURING,
          ...inParallel(3, 3),
        },
      },
      {
        test: { ...integrity, name: 'integrity-alone', include: MEASURING, ...inParallel(1, 4) },
      },
    ],
  },
});
