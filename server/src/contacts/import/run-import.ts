import type { Clock } from '../../lib/clock.ts';
import type { JobRows } from '../../store/job-store.ts';
import type { Pool } from '../../store/pool.ts';
import { isUniqueViolation, type Transaction, withRepeatedTransaction } from '../../store/transaction.ts';
import type { SubscriptionDeps } from '../subscription-deps.ts';
import { importBatch, type ImportTarget } from './import-batch.ts';
import type { ImportColumns } from './import-columns.ts';
import { type ImportError, isImportError, type ImportRow, parseImportRow } from './parse-import-row.ts';
import { type CsvFormat, type CsvPlace, type CsvRow, readCsv } from './read-csv.ts';

/** How a file is read; JSON, so that it can wait in the database. */
export interface ImportFormat {
  readonly csv: CsvFormat;
  readonly columns: ImportColumns;
}

/** How far an import is. */
export interface ImportProgress {
  readonly rows: JobRows;
  /** What comes next in the file. */
  readonly place: CsvPlace;
}

export interface ImportRun {
  readonly target: ImportTarget;
  readonly format: ImportFormat;
  readonly from: ImportProgress;
  /** The file from `from.place` on. */
  readonly source: AsyncIterable<Uint8Array>;
  /**
   * Called in the transaction that stores a batch, with how far the import is after it and with the rows that were not
   * taken. What it throws undoes the batch and ends the import.
   */
  readonly onBatch: (
    transaction: Transaction,
    progress: ImportProgress,
    errors: readonly ImportError[],
  ) => Promise<void>;
  /** Asked between batches; true leaves the rest for later. */
  readonly isOver?: () => boolean;
}

export interface ImportDeps extends SubscriptionDeps {
  readonly pool: Pool;
  readonly clock: Clock;
}

export const NO_ROWS: JobRows = { read: 0, created: 0, updated: 0, failed: 0, duplicates: 0 };

/**
 * Reads a file of contacts and stores it batch by batch, one transaction each, two at a time: while the records of one are
 * added to the ledger the rows of the next are stored, and the one after is read. A batch takes locks of rows only when the
 * one before has all of its own, so that nobody who waits for one of them holds up the other; they are committed in their
 * order. Memory is constant.
 * @returns how far it came
 * @throws CsvError; DatabaseUnavailableError; what `onBatch` throws
 */
export async function runImport(deps: ImportDeps, run: ImportRun): Promise<ImportProgress> {
  let last: Flight = {
    rowsStored: Promise.resolve(),
    committed: Promise.resolve(run.from),
    hasFailed: () => false,
    rows: new Map(),
  };
  try {
    for await (const { rows, next } of readCsv(run.source, run.format.csv, run.from.place)) {
      const batch = parseRows(rows, run.format.columns, deps.clock());
      await last.rowsStored;
      if (last.hasFailed() || run.isOver?.() === true) break;
      last = startBatch(deps, run, last, { ...batch, place: next });
    }
  } catch (error) {
    // What is under way is committed by itself, and the caller must not write before it.
    await last.committed;
    throw error;
  }
  return await last.committed;
}

/** A batch that is being stored. */
interface Flight {
  /** The batch before is committed, and all locks of this one are held but that of the ledger. Never rejects. */
  readonly rowsStored: Promise<void>;
  /** By their phones. */
  readonly rows: ReadonlyMap<number, ImportRow>;
  readonly committed: Promise<ImportProgress>;
  readonly hasFailed: () => boolean;
}

function startBatch(
  deps: ImportDeps,
  run: ImportRun,
  { committed: before, rows: rowsBefore }: Flight,
  batch: PlacedBatch,
): Flight {
  let failed = false;
  let storeRows = (): void => {};
  const rowsStored = new Promise<void>((resolve) => (storeRows = resolve));
  const turn = async (): Promise<void> => {
    await before;
    storeRows();
  };
  const committed = storeBatch(deps, run, { before, rowsBefore, turn }, batch);
  // The next rows are read before anybody looks at it.
  committed.catch(() => {
    failed = true;
    storeRows();
  });
  return { rowsStored, committed, hasFailed: () => failed, rows: batch.good };
}

interface Batch {
  /** By their phones; of a number that is there more than once the first. */
  readonly good: ReadonlyMap<number, ImportRow>;
  readonly repeated: number;
  readonly bad: readonly ImportError[];
}

function parseRows(rows: readonly CsvRow[], columns: ImportColumns, nowMs: number): Batch {
  const good = new Map<number, ImportRow>();
  let repeated = 0;
  const bad: ImportError[] = [];
  for (const row of rows) {
    const parsed = parseImportRow(row, columns, nowMs);
    if (isImportError(parsed)) bad.push(parsed);
    else if (good.has(parsed.phone)) repeated++;
    else good.set(parsed.phone, parsed);
  }
  return { good, repeated, bad };
}

interface Order {
  readonly before: Promise<ImportProgress>;
  readonly rowsBefore: Flight['rows'];
  readonly turn: () => Promise<void>;
}

type PlacedBatch = Batch & { readonly place: CsvPlace };

async function storeBatch(deps: ImportDeps, run: ImportRun, order: Order, batch: PlacedBatch): Promise<ImportProgress> {
  try {
    return await tryBatch(deps, run, order, batch, false);
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    return await tryBatch(deps, run, order, batch, true);
  }
}

async function tryBatch(
  deps: ImportDeps,
  run: ImportRun,
  { before, rowsBefore, turn }: Order,
  { good, repeated, bad, place }: PlacedBatch,
  isContended: boolean,
): Promise<ImportProgress> {
  return await withRepeatedTransaction(deps.pool, async (transaction) => {
    // A plan that was made while the tables were empty must not scan them when they are full.
    await transaction.query('set local enable_seqscan = off');
    const moment = { nowMs: deps.clock(), turn, before: rowsBefore, isContended };
    const result = await importBatch(deps, transaction, run.target, good, moment);
    await turn();
    const { rows } = await before;
    const errors = [...bad, ...result.errors].sort((a, b) => a.line - b.line);
    const progress = {
      place,
      rows: {
        read: rows.read + good.size + repeated + bad.length,
        created: rows.created + result.created,
        updated: rows.updated + result.updated,
        failed: rows.failed + errors.length,
        duplicates: rows.duplicates + repeated + result.duplicates,
      },
    };
    await run.onBatch(transaction, progress, errors);
    return progress;
  });
}
