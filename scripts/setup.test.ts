import { expect, test } from 'vitest';
import { checkNode, isInstalled, SetupError } from './setup.mjs';
import { addResults, countResults, describeFailures, toTotalsLine } from './test-results.mjs';

test.each(['20.19.0', '20.20.2', '22.0.0', '24.1.0'])('Node %s is new enough', (version) => {
  expect(() => checkNode(version)).not.toThrow();
});

test.each(['18.20.0', '20.18.3'])('Node %s is refused in one sentence', (version) => {
  expect(() => checkNode(version)).toThrow(SetupError);
  expect(() => checkNode(version)).toThrow(`Trackly needs Node 20.19 or newer, and this is Node ${version}.`);
});

const wanted = {
  packages: {
    '': { name: 'workspace' },
    server: { version: '0.1.0' },
    'node_modules/@trackly/server': { resolved: 'server', link: true },
    'node_modules/pg': { version: '8.0.0', integrity: 'sha512-a' },
    'node_modules/other-platform': { version: '1.0.0', integrity: 'sha512-b', optional: true },
  },
};

test.each([
  ['what the lock file names', { 'node_modules/pg': { version: '8.0.0', integrity: 'sha512-a' } }, true],
  ['another version', { 'node_modules/pg': { version: '8.0.1', integrity: 'sha512-a' } }, false],
  ['other content', { 'node_modules/pg': { version: '8.0.0', integrity: 'sha512-x' } }, false],
  ['not a package', {}, false],
])('an installation with %s is seen as what it is', (_name, packages, expected) => {
  expect(isInstalled(wanted, { packages })).toBe(expected);
});

test('a folder without packages is not installed', () => {
  expect(isInstalled(wanted, null)).toBe(false);
});

function toReport(passed: number, failed: number, pending: number, testResults: object[] = []): object {
  return { numPassedTests: passed, numFailedTests: failed, numPendingTests: pending, numTodoTests: 0, testResults };
}

test.each([
  ['all passed', 0, toReport(3, 0, 1), { passed: 3, failed: 0, skipped: 1 }],
  ['a failed test', 1, toReport(2, 1, 0), { passed: 2, failed: 1, skipped: 0 }],
  [
    'a file that did not load',
    1,
    toReport(2, 0, 0, [{ status: 'failed', assertionResults: [] }]),
    { passed: 2, failed: 1, skipped: 0 },
  ],
  ['an error between tests', 1, toReport(2, 0, 0), { passed: 2, failed: 1, skipped: 0 }],
  ['a crash without a report', 134, null, { passed: 0, failed: 1, skipped: 0 }],
])('a run with %s is counted', (_name, code, report, expected) => {
  expect(countResults(code, report)).toEqual(expected);
});

test('the totals are one plain line', () => {
  const totals = addResults({ passed: 1, failed: 0, skipped: 0 }, { passed: 2, failed: 1, skipped: 0 });
  expect(toTotalsLine(totals)).toBe('3 passed, 1 failed');
  expect(toTotalsLine({ passed: 1, failed: 0, skipped: 2 })).toBe('1 passed, 0 failed, 2 skipped');
});

test('each failure is told with its suite, its file and the first lines of what it said', () => {
  const stack = Array.from({ length: 30 }, (_, line) => `    at sum.ts:${line}`).join('\n');
  const passed = { status: 'passed', fullName: 'adds', failureMessages: [] };
  const failed = { status: 'failed', fullName: 'takes away', failureMessages: [`Error: 2 is not 1\n${stack}`] };
  const testResults = [
    { name: '/trackly/server/sum.test.ts', status: 'failed', message: '', assertionResults: [passed, failed] },
    { name: '/trackly/cli/cli.test.ts', status: 'failed', message: 'SyntaxError: no', assertionResults: [] },
    { name: '/trackly/cli/good.test.ts', status: 'passed', message: '', assertionResults: [passed] },
  ];
  const failures = describeFailures('unit', { testResults }, '/trackly');
  expect(failures[0]).toMatch(/^unit: server\/sum\.test\.ts > takes away\nError: 2 is not 1\n {4}at sum\.ts:0/);
  expect(failures[0]?.split('\n')).toHaveLength(13);
  expect(failures.slice(1)).toEqual(['unit: cli/cli.test.ts\nSyntaxError: no']);
  expect(describeFailures('unit', null, '/trackly')).toEqual([]);
});
