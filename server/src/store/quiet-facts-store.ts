import { boolArray, int8Array } from './array-parameters.ts';
import type { Pool } from './pool.ts';

/** A recipient of a marketing message. */
export interface QuietQuestion {
  readonly phone: number;
  /** A cap counts for the number, whatever its contact says. */
  readonly capped: boolean;
}

/** What is stored about a recipient that decides when it may be written to. */
export interface QuietFacts {
  /** Place of the question, from 0. */
  readonly place: number;
  readonly timezone: string | null;
  /** The contact's own field `state`. */
  readonly state: string | null;
  /** When marketing messages to it left, newest first; empty where no cap counts. */
  readonly sentMs: readonly number[];
}

export interface QuietScope {
  readonly accountId: string;
  readonly listId: number;
  /** All lists of the account. */
  readonly listIds: readonly number[];
  /** US states with a cap. */
  readonly cappedStates: readonly string[];
  /** Messages that left after this count, at most `limit` a recipient. */
  readonly sinceMs: number;
  readonly limit: number;
  /** Code of the marketing lane, states of messages that left, and whether sandbox messages are meant. */
  readonly lane: number;
  readonly states: readonly number[];
  readonly simulated: boolean;
  readonly simulatedFlag: number;
}

/** One round trip for a batch; recipients of whom nothing is stored that matters are left out. */
export async function loadQuietFacts(
  pool: Pool,
  scope: QuietScope,
  questions: readonly QuietQuestion[],
): Promise<QuietFacts[]> {
  if (questions.length === 0) return [];
  const { rows } = await pool.query<QuietFacts>({
    name: 'quiet_facts.load',
    text: `
      select (q.place - 1)::integer as place, a.timezone, c.custom_fields ->> 'state' as state,
        case when q.capped or upper(btrim(c.custom_fields ->> 'state')) = any ($6::text[]) then array(
          select m.submitted_ms from message m
          where m.list_id = any ($5::integer[]) and m.phone = q.phone and m.lane = $9 and m.submitted_ms > $7
            and m.state = any ($10::smallint[]) and ((m.flags & $12) <> 0) = $11
          order by m.submitted_ms desc limit $8
        ) else '{}'::bigint[] end as "sentMs"
      from unnest($3::bigint[], $4::boolean[]) with ordinality as q(phone, capped, place)
        left join account_contact a on a.account_id = $1 and a.phone = q.phone and a.phone = any ($3::bigint[])
        left join list_contact c on c.list_id = $2 and c.phone = q.phone and c.phone = any ($3::bigint[])
          and c.custom_fields ? 'state'
      where q.capped or a.timezone is not null or c.phone is not null`,
    values: [
      scope.accountId,
      scope.listId,
      int8Array(questions.map((question) => question.phone)),
      boolArray(questions.map((question) => question.capped)),
      scope.listIds,
      scope.cappedStates,
      scope.sinceMs,
      scope.limit,
      scope.lane,
      scope.states,
      scope.simulated,
      scope.simulatedFlag,
    ],
  });
  return rows;
}
