import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../setup.mjs';
import { format, MOST_SLOWNESS } from './figures.mjs';
import { FLOOR_SHARE, MOST_RUNS } from './judge.mjs';
import { toPlot } from './plot.mjs';
import { readReference } from './reference.mjs';
import { describeAll, HEADS, SIDES, summarize, toCells } from './summary.mjs';
import { toSection, toTable } from './tables.mjs';

const DOCUMENT = 'docs/performance.md';
const PLOT = 'docs/performance.svg';
const README = 'README.md';
const START = '<!-- measured: written by `npm run bench` -->';
const END = '<!-- end of measured -->';

const toHow = (reference) => `## How it is measured

CPU is user and system time of all threads of the processes that serve, divided by messages; the load comes from another
process on the same cores and is not in it. "Measured" is as measured, nothing taken off.

**Reference speed.** The machine is shared: the CPU time of the same code differs from hour to hour by more than half. So
right before and right after each benchmark a fixed piece of work of the same nature is done (JSON, hashes, copies of
buffers, look-ups in a large map, small objects, calls of the kernel, requests of another thread;
[\`machine-speed.ts\`](../server/bench/lib/machine-speed.ts)). Slowness is how many times longer it took than on the
reference machine in a quiet hour, in CPU time and on the clock. What PostgreSQL costs slows by itself: writes, syncs and
the system's cache of files are no work of the piece. So a second piece is done by an embedded PostgreSQL (inserts with two
indexes, look-ups, updates, each committed to disk; [\`database-speed.ts\`](../server/bench/lib/database-speed.ts)), and its
slowness, in CPU time of the server process, counts for PostgreSQL's part of a figure (\`postgresCpuUs\` of \`cpuUs\`), the
other one for the rest. The reference is
${reference.machine}, Node ${reference.node} (${reference.cpuMs} ms, ${reference.wallMs} ms
and ${reference.databaseMs} ms, measured on ${reference.date}). Times of work count divided by slowness, rates multiplied;
latencies and memory count as measured. Slowness counts as at least 1, so that a faster machine gets no tighter budgets,
and as ${MOST_SLOWNESS} at most.

**Budgets** are the most that is allowed, at reference speed; of a goal in messages a second, ${FLOOR_SHARE * 100} % is the least.
Neighbours can only add: a benchmark over its budget is run again, at most ${MOST_RUNS} times in all, and fails when a figure was
over in every run. Slower code is over in all of them. **Goals** count as reached by what was measured, without slowness.

**Profiles.** \`PROFILE_DIR=/some/folder npm run bench -- accept-bulk\` also writes a CPU profile of the server process when
it ends (\`.cpuprofile\`, for the developer tools of Chromium); so do \`accept-single\`, \`whole-life\` and \`backlog-latency\`.
Profiling costs CPU itself: such a run says little about budgets.`;

/**
 * Writes docs/performance.md, its plot and the README's part.
 * @param results of the benchmarks in the long form, each with its date
 */
export function writeDocuments(results) {
  const where = describeWhere(results);
  const rows = summarize(results);
  write(PLOT, toPlot(rows, where));
  write(DOCUMENT, toDocument(results, rows, where, readReference()));
  write(README, replaceBetween(read(README), toReadme(rows, where)));
}

/** By the newest result. */
function describeWhere(results) {
  const { date, machine, node } = results.reduce((newest, each) => (each.date > newest.date ? each : newest));
  return `Measured on ${date}: ${machine}, Node ${node}.`;
}

export function toDocument(results, rows, where, reference) {
  const lines = [
    '# Performance',
    '',
    'Written by `npm run bench`; do not edit.',
    '',
    where,
    '',
    ...toTable(HEADS, rows.map(toCells), SIDES),
    '',
    `![CPU time a message against its budget, and messages a second against the goal](performance.svg)`,
    '',
    toHow(reference),
    ...results.flatMap(toSection),
  ];
  return `${lines.join('\n')}\n`;
}

/** Between its markers. */
export function toReadme(rows, where) {
  const cells = rows.map(({ short, measured, cpu, result: { figures, durable } }) => [
    short,
    describeAll(measured, figures),
    figures[cpu] === undefined ? '' : `${format(figures[cpu])} µs`,
    durable,
  ]);
  return [where, '', ...toTable(['work', 'measured', 'CPU a message', 'durable'], cells, '<>><')].join('\n');
}

/** @throws Error when the markers are missing */
export function replaceBetween(document, content) {
  const start = document.indexOf(START);
  const end = document.indexOf(END);
  if (start < 0 || end < start) throw new Error(`${README} must hold ${START} and ${END}`);
  return `${document.slice(0, start + START.length)}\n\n${content}\n\n${document.slice(end)}`;
}

function read(path) {
  return readFileSync(join(ROOT, path), 'utf8');
}

function write(path, text) {
  writeFileSync(join(ROOT, path), text);
  console.log(`wrote ${path}`);
}
