/*
 * docs/safety.md from what the tests of the promises saw: `recordSafety` in server/test/helpers/safety-record.ts.
 */
const COLUMNS = [
  { head: 'faults', of: (line) => line.faults },
  { head: 'rounds', of: (line) => line.rounds },
  { head: 'seed', of: (line) => line.seed ?? '' },
  { head: 'seconds', of: (line) => line.seconds },
  { head: 'what was seen', of: (line) => line.seen },
];

/** `run`: date, machine, Node's version, load of the machine before it began, minutes that it took, without the soak or not. */
export function toSafetyPage(lines, run) {
  const promises = new Map();
  for (const line of lines) promises.set(line.promise, [...(promises.get(line.promise) ?? []), line]);
  const inOrder = [...promises].sort(([a], [b]) => a.localeCompare(b));
  return [
    '# Safety',
    '',
    'Written by `npm run integrity`, the long form; do not edit. `npm test` runs a short form with the same faults.',
    '',
    `Tried on ${run.date}: ${run.machine}, Node ${run.node}, in ${Math.round(run.minutes)} minutes. The load of the machine before it began`,
    `was ${run.load.toFixed(1)}; more than a few tenths means that others were at work, and that figures of time say little.`,
    ...(run.withoutSoak ? ['The soak was left out.'] : []),
    '',
    'Each promise is a file of `server/test/integrity/`: real processes and real signals. The judge is never the program',
    'itself: it is the ledger of the simulated carrier and the list of what was answered with 201, kept by the test. The',
    'books are held against the database’s rows, counted anew. `SEED=` repeats a run as far as the machine allows;',
    '`FAULT_ROUNDS=` and `FAULT_SECONDS=` choose how often and how long. The properties of the unit tests ran with their',
    '40,000 cases (`npm run fuzz`).',
    '',
    'Where nobody can know whether the carrier took a message, it is shown as in doubt, and never sent again on that ground;',
    'a receipt, a late answer or a look-up settles it, and only what the carrier certainly does not have may go again.',
    'A send without an `Idempotency-Key` that got a 503 while the log’s own database was away may have been kept all the same;',
    'one with a key can be repeated.',
    ...inOrder.flatMap(([promise, tried]) => ['', `## ${toHead(promise)}`, '', ...toTable(tried)]),
    '',
  ].join('\n');
}

function toHead(promise) {
  return promise[0].toUpperCase() + promise.slice(1);
}

function toTable(lines) {
  const inOrder = [...lines].sort((a, b) => a.faults.localeCompare(b.faults));
  const rows = inOrder.map((line) => COLUMNS.map(({ of }) => String(of(line)).replaceAll('|', '\\|')));
  const widths = COLUMNS.map(({ head }, column) => Math.max(head.length, ...rows.map((row) => row[column].length)));
  const toLine = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [
    toLine(COLUMNS.map(({ head }) => head)),
    toLine(widths.map((width) => '-'.repeat(width))),
    ...rows.map(toLine),
  ];
}
