import type { List } from '../accounts/index.ts';
import type { CarrierConnection, SubmitOutcome } from '../carriers/carrier.ts';
import type { IdCodec } from '../lib/public-id.ts';
import { countSegments } from '../lib/segments.ts';
import type { NumberBlocks } from '../store/number-blocks.ts';
import type { Connections } from './connections.ts';

/** What a carrier said. `detail`: our word or its code. */
export interface ProbeFinding {
  readonly passed: boolean;
  readonly detail: string | null;
}

export interface ProbeDeps {
  readonly connections: Pick<Connections, 'of'>;
  readonly numbers: Pick<NumberBlocks, 'take'>;
  readonly ids: IdCodec;
}

/** Nobody waits longer for the carrier of a list that is being set up. */
const TIMEOUT_MS = 20_000;
const UNREACHABLE: ProbeFinding = { passed: false, detail: 'REJECTED_CREDENTIALS' };

/** Whether the carrier knows us by the credentials of a list. One that cannot be asked is taken at its word. */
export async function probeCredentials({ connections }: ProbeDeps, list: List): Promise<ProbeFinding> {
  const connection = connections.of(list);
  if (connection === undefined) return UNREACHABLE;
  return (await connection.check?.()) ?? { passed: true, detail: null };
}

/**
 * Hands one text to the carrier of a list, past the gate and the books: a list that is being set up may not send yet, and
 * what it proves is the connection alone. It goes out once or not at all; nothing is tried again.
 */
export async function probeSend(
  { connections, numbers, ids }: ProbeDeps,
  list: List,
  to: string,
): Promise<ProbeFinding> {
  const connection = connections.of(list);
  if (connection === undefined) return UNREACHABLE;
  const body = `Test of ${list.number}. Please reply with any word.`;
  const { encoding, segments } = countSegments(body);
  const id = ids.encode(await numbers.take(1));
  const outcome = await submitOne(connection, {
    id,
    from: list.number,
    to,
    body,
    encoding,
    segments,
    lane: 'transactional',
    validityMinutes: list.settings.validityMinutes,
  });
  if (outcome.kind === 'accepted') return { passed: true, detail: outcome.detail };
  return { passed: false, detail: outcome.kind === 'in_doubt' ? (outcome.code ?? 'IN_DOUBT') : outcome.detail };
}

async function submitOne(
  connection: CarrierConnection,
  message: Parameters<CarrierConnection['submit']>[0][number],
): Promise<SubmitOutcome> {
  let outcome: SubmitOutcome = { kind: 'in_doubt', code: null };
  await connection.submit(
    [message],
    (_index, settled) => {
      outcome = settled;
    },
    AbortSignal.timeout(TIMEOUT_MS),
  );
  return outcome;
}
