/*
 * Counts of vitest's JSON report. A run that broke without a failed test (a file that does not load, an error between
 * tests, no report at all) counts as one failure, so that the totals never look better than the run.
 */
import { relative } from 'node:path';

/** Lines of a failure that are told again: the message and the first places of its stack. */
const TOLD_LINES = 12;

export function countResults(exitCode, report) {
  if (report === null) return { passed: 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 };
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  const failed = report.numFailedTests + unloaded.length;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

export function addResults(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

export function toTotalsLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** A text for each test that failed and each file that did not load: where it is, and what it said. */
export function describeFailures(suite, report, root) {
  return (report?.testResults ?? []).flatMap(({ name, status, message, assertionResults }) => {
    const where = `${suite}: ${relative(root, name)}`;
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0) return status === 'failed' ? [`${where}\n${shorten(message)}`] : [];
    return failed.map((test) => `${where} > ${test.fullName}\n${shorten(test.failureMessages.join('\n'))}`);
  });
}

function shorten(text) {
  return text.split('\n').slice(0, TOLD_LINES).join('\n');
}
