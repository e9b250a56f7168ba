import type { FastifyInstance, FastifyRequest } from 'fastify';
import { toSimulatedId } from '../../../carriers/simulator/receipts.ts';
import { isE164, isListNumber } from '../../../lib/e164.ts';
import { AppError } from '../../../lib/errors.ts';
import { isCleanText } from '../../../lib/fields.ts';
import { parseJsonObject, readBody } from '../../read-body.ts';
import { lastValue, toCursorPage, toPagination } from './cursor-paging.ts';
import { toHandsetMessage, withStatus } from './handset-message.ts';
import type { SimulatorRoutesDeps } from './simulator-deps.ts';

const MAX_HANDSETS = 100;
/** The newest texts of a handset that one answer shows. */
const MAX_CONVERSATION = 10_000;
const MAX_TEXT_LENGTH = 1_600;

export function addHandsetRoutes(app: FastifyInstance, deps: SimulatorRoutesDeps): void {
  const { simulator } = deps;
  app.get('/simulator/handsets', (request) => {
    const page = toCursorPage(request.query, MAX_HANDSETS);
    const rows = simulator.store.handsets(page.limit + 1, page.position);
    const handsets = rows.slice(0, page.limit).map(({ phone, messages, lastAtMs }) => {
      return { phone, messages, last_at: new Date(lastAtMs).toISOString() };
    });
    return Promise.resolve({ handsets, pagination: toPagination(page, rows, ({ lastSeq }) => lastSeq) });
  });
  app.get('/simulator/handsets/:phone', (request) => {
    const phone = toPhone(request);
    const messages = simulator.store.conversation(phone, MAX_CONVERSATION, null).toReversed();
    const shown = lastValue(request.query, 'status') === 'true';
    return Promise.resolve({
      phone,
      messages: messages.map((message) => (shown ? withStatus(simulator, message) : toHandsetMessage(message))),
    });
  });
  app.post('/simulator/handsets/:phone/messages', async (request, reply) => {
    const phone = toPhone(request);
    const { to, body } = parseText(parseJsonObject(await readBody(request.raw)));
    const list = deps.simulatorLists().find(({ number }) => number === to);
    if (list === undefined) throw new AppError('list_not_found');
    const message = await simulator.receiveFromHandset({ listId: list.id, from: phone, to, body });
    return reply.code(201).send({ success: true, id: toSimulatedId(message.seq) });
  });
}

function toPhone(request: FastifyRequest): string {
  const { phone } = request.params as { phone: string };
  if (!isE164(phone)) throw new AppError('invalid_phone', { text: 'The handset must be a number in E.164 format' });
  return phone;
}

function parseText({ to, body }: Readonly<Record<string, unknown>>): { to: string; body: string } {
  if (to === undefined || to === null || to === '') throw new AppError('missing_to');
  if (body === undefined || body === null || (typeof body === 'string' && body.trim() === ''))
    throw new AppError('missing_body');
  if (typeof to !== 'string' || !isListNumber(to)) throw new AppError('invalid_phone');
  if (typeof body !== 'string' || !isCleanText(body))
    throw new AppError('invalid_body', { text: 'body must be a string of Unicode text' });
  if (body.length > MAX_TEXT_LENGTH) throw new AppError('body_too_long');
  return { to, body };
}
