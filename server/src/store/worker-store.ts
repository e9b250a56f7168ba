import type { Pool } from './pool.ts';
import type { Transaction } from './transaction.ts';

export interface NewWorker {
  readonly host: string;
  readonly pid: number;
  readonly roles: string;
  readonly nowMs: number;
}

/** Registers a process; its id is greater than that of every process before it. */
export async function registerWorker(pool: Pool, worker: NewWorker): Promise<number> {
  const { rows } = await pool.query<{ id: number }>({
    name: 'worker.register',
    text: 'insert into worker (host, pid, roles, started_ms, seen_ms) values ($1, $2, $3, $4, $4) returning id',
    values: [worker.host, worker.pid, worker.roles, worker.nowMs],
  });
  const id = rows[0]?.id;
  if (id === undefined) throw new Error('the database gave no worker id');
  return id;
}

export async function touchWorker(pool: Pool, workerId: number, nowMs: number): Promise<void> {
  await pool.query({
    name: 'worker.touch',
    text: 'update worker set seen_ms = $2 where id = $1',
    values: [workerId, nowMs],
  });
}

/** Forgets a process that ends, so that the others share its work at once. */
export async function forgetWorker(pool: Pool, workerId: number): Promise<void> {
  await pool.query({ name: 'worker.forget_one', text: 'delete from worker where id = $1', values: [workerId] });
}

/** Forgets processes that were not seen since; what they left behind is recovered by its own leases. */
export async function forgetWorkers(pool: Pool, seenBeforeMs: number): Promise<void> {
  await pool.query({ name: 'worker.forget', text: 'delete from worker where seen_ms < $1', values: [seenBeforeMs] });
}

export interface LiveWorker {
  readonly host: string;
  readonly pid: number;
}

/** A process that was seen since. Until the transaction ends no other one is registered. */
export async function findLiveWorker(transaction: Transaction, seenSinceMs: number): Promise<LiveWorker | undefined> {
  await transaction.query('lock table worker in share mode');
  const { rows } = await transaction.query<LiveWorker>({
    name: 'worker.find_live',
    text: 'select host, pid from worker where seen_ms >= $1 order by id desc limit 1',
    values: [seenSinceMs],
  });
  return rows[0];
}

/** A process with this role was seen since. */
export async function isRoleAlive(pool: Pool, role: string, seenSinceMs: number): Promise<boolean> {
  const { rows } = await pool.query<{ found: boolean }>({
    name: 'worker.role_alive',
    text: `select exists (select from worker where seen_ms >= $2 and $1 = any (string_to_array(roles, ','))) as found`,
    values: [role, seenSinceMs],
  });
  return rows[0]?.found === true;
}
