import { type TSchema, Type } from 'typebox';
import { isE164, isListNumber, phoneToNumber } from '../lib/e164.ts';
import { LIMIT_TEXT, readLimit, readParam, readTimeRange } from '../lib/query-params.ts';
import type { IdCodec } from '../lib/public-id.ts';
import { MESSAGE_STATES, type MessageState, toMessageStatus } from '../pipeline/message-state.ts';
import { parseCursor } from './message-cursor.ts';
import { toShownState } from './message-view.ts';
import { SHOWN_STATES, SHOWN_STATUSES } from './message-view-schemas.ts';
import type { MessagePlace } from '../store/message-store.ts';

const ALL_STATES = Object.keys(MESSAGE_STATES) as readonly MessageState[];

/** The query of `GET /api/v2/messages` as it came: one text a parameter, the last one where it was given twice. */
export type RawMessageQuery = Readonly<Partial<Record<keyof typeof messageQueryFields, string | undefined>>>;

/** The same, checked. null: no such filter. */
export interface MessageQuery {
  readonly limit: number;
  /** Only messages older than this one. */
  readonly before: MessagePlace | null;
  readonly phone: number | null;
  readonly listNumber: string | null;
  /** Codes of states that pass both `status` and `state`. */
  readonly states: readonly number[] | null;
  readonly scheduleId: string | null;
  readonly createdFromMs: number | null;
  readonly createdToMs: number | null;
}

/** For `openapi.json`; `parseMessageQuery` is what judges. */
export const messageQueryFields = {
  to: Type.String({ description: 'Recipient, E.164', examples: ['+13125550142'] }),
  list_number: Type.String({ description: 'Sending number of one of your lists', examples: ['+18445550111'] }),
  status: Type.Unsafe<string>({ type: 'string', enum: [...SHOWN_STATUSES] }),
  state: Type.Unsafe<string>({ type: 'string', enum: [...SHOWN_STATES] }),
  schedule_id: Type.String({ description: '24 hexadecimal characters' }),
  created_from: Type.String({ description: 'Date or time, inclusive' }),
  created_to: Type.String({ description: 'Date or time, exclusive' }),
  limit: Type.String({ description: LIMIT_TEXT }),
  cursor: Type.String({ description: 'next_cursor of the page before' }),
} satisfies Record<string, TSchema>;

/**
 * Checks paging first, then the filters in the order of the contract.
 * @throws AppError `invalid_limit`, `invalid_cursor`, `invalid_phone`, `invalid_list_number`, `invalid_status`,
 * `invalid_state`, `invalid_schedule_id`, `invalid_created_from`, `invalid_created_to`, `invalid_date_range`
 */
export function parseMessageQuery(raw: RawMessageQuery, messageIds: Pick<IdCodec, 'decode'>): MessageQuery {
  return {
    limit: readLimit(raw.limit),
    before: readParam(raw.cursor, 'invalid_cursor', (cursor) => parseCursor(messageIds, cursor)),
    phone: readParam(raw.to, 'invalid_phone', (to) => (isE164(to) ? phoneToNumber(to) : undefined)),
    listNumber: readParam(raw.list_number, 'invalid_list_number', (number) =>
      isListNumber(number) ? number : undefined,
    ),
    states: toStates(
      readParam(raw.status, 'invalid_status', (status) => SHOWN_STATUSES.find((word) => word === status)),
      readParam(raw.state, 'invalid_state', (state) => SHOWN_STATES.find((word) => word === state)),
    ),
    scheduleId: readParam(raw.schedule_id, 'invalid_schedule_id', parseHexId),
    ...readTimeRange(raw.created_from, raw.created_to),
  };
}

function parseHexId(text: string): string | undefined {
  return /^[0-9a-f]{24}$/i.test(text) ? text.toLowerCase() : undefined;
}

function toStates(status: string | null, shown: string | null): number[] | null {
  if (status === null && shown === null) return null;
  return ALL_STATES.filter(
    (state) =>
      (status === null || toMessageStatus(state) === status) && (shown === null || toShownState(state) === shown),
  ).map((state) => MESSAGE_STATES[state]);
}
