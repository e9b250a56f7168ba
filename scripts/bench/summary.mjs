import { describe, format, toReference } from './figures.mjs';
import { isGoalReached } from './judge.mjs';

/**
 * The rows on top of docs/performance.md, in the order of a message's way. `measured`: figures of the benchmark that the
 * row shows, with their goals. `cpu`: the one that is the CPU time of a message, in microseconds. `short`: its name in the
 * README and the plot; rows without it are only in the document.
 */
const ROWS = [
  {
    work: 'accept bulk, 1,000 messages a request',
    short: 'accept, 1,000 a request',
    bench: 'accept-bulk',
    measured: ['messagesPerSecond1000'],
    cpu: 'cpuUs1000',
  },
  {
    work: 'accept bulk, 100 a request',
    short: 'accept, 100 a request',
    bench: 'accept-bulk',
    measured: ['messagesPerSecond100'],
    cpu: 'cpuUs100',
  },
  {
    work: 'accept bulk, 10 a request',
    short: 'accept, 10 a request',
    bench: 'accept-bulk',
    measured: ['messagesPerSecond10'],
    cpu: 'cpuUs10',
  },
  {
    work: 'accept one a request; p99 at half of the goal',
    short: 'accept, one a request',
    bench: 'accept-single',
    measured: ['requestsPerSecond256', 'p99MsHalf'],
    cpu: 'cpuUs256',
  },
  { work: 'land', short: 'land', bench: 'land', measured: ['messagesPerSecond'], cpu: 'cpuUs' },
  {
    work: 'gate and record',
    short: 'gate and record',
    bench: 'gate',
    measured: ['messagesPerSecond'],
    cpu: 'cpuUs',
  },
  {
    work: 'render, with first name and one link',
    short: 'render',
    bench: 'render',
    measured: [],
    cpu: 'sameTextUs',
  },
  {
    work: 'whole life: accepted to delivered, simulator and PostgreSQL on the same cores',
    short: 'whole life, accepted to delivered',
    bench: 'whole-life',
    measured: ['messagesPerSecond'],
    cpu: 'cpuUs',
  },
  {
    work: 'one message while nothing else is going on, API to handset',
    short: 'idle, API to handset',
    bench: 'idle-latency',
    measured: ['p50Ms', 'p99Ms'],
  },
  {
    work: "one message while another account's backlog drains, API to handset",
    short: "during another account's backlog, API to handset",
    bench: 'backlog-latency',
    measured: ['p50Ms', 'p99Ms'],
  },
  {
    work: 'receipts over HTTP: durable, answered and applied',
    short: 'receipts over HTTP',
    bench: 'receipts',
    measured: ['receiptsPerSecond'],
    cpu: 'cpuUs',
  },
  {
    work: 'inbound texts over HTTP: durable, answered, classified and applied',
    short: 'inbound texts over HTTP',
    bench: 'inbound',
    measured: ['textsPerSecond'],
    cpu: 'cpuUs',
  },
  {
    work: 'import of a CSV file, numbers that are new',
    short: 'import of a CSV file',
    bench: 'import',
    measured: ['rowsPerSecond'],
    cpu: 'cpuUsPerRow',
  },
  {
    work: 'webhooks: signed, delivered and recorded, receiver on the same cores',
    short: 'webhooks',
    bench: 'webhooks',
    measured: ['deliveriesPerSecond'],
    cpu: 'cpuUs',
  },
  {
    work: 'webhooks to 1,000 endpoints, 2,000 deliveries a second, event to receiver',
    short: 'webhooks to 1,000 endpoints, 2,000/s',
    bench: 'webhooks',
    measured: ['p50Ms', 'p99Ms'],
  },
  {
    work: 'the same while 100 of them never answer, event to those that do',
    short: 'while 100 of them never answer',
    bench: 'webhooks',
    measured: ['p50Ms_besideDead', 'p99Ms_besideDead'],
  },
  {
    work: "memory of the Node process, idle and while the backlog drains, without the simulator's file",
    short: 'memory of the Node process',
    bench: 'backlog-latency',
    measured: ['idleMib', 'peakMib'],
  },
];

/** The rows that have a result, with it. */
export function summarize(results) {
  return ROWS.flatMap((row) => {
    const result = results.find(({ bench }) => bench === row.bench);
    return result === undefined ? [] : [{ ...row, result }];
  });
}

export const HEADS = ['work', 'goal', 'measured', 'CPU budget', 'CPU measured', 'at reference speed', 'durable'];
export const SIDES = '<>>>>><';

/** Cells under `HEADS`. CPU is in microseconds a message. */
export function toCells({ work, measured, cpu, result }) {
  const { figures, goal, budget, durable, over, slowness } = result;
  const missed = measured.filter((name) => goal[name] !== undefined && !isGoalReached(result, name));
  const time = figures[cpu];
  return [
    work,
    describeAll(measured, goal),
    `${describeAll(measured, figures)}${missed.length > 0 ? ' (goal not reached)' : ''}`,
    budget[cpu] === undefined ? '' : `${format(budget[cpu])} µs`,
    time === undefined ? '' : `${format(time)} µs`,
    time === undefined ? '' : `${format(toReference(cpu, figures, slowness))} µs${over.includes(cpu) ? ' (over)' : ''}`,
    durable,
  ];
}

/** Those of `names` that there are. */
export function describeAll(names, values) {
  const known = names.filter((name) => values[name] !== undefined);
  return known.map((name) => describe(name, values[name])).join(', ');
}
