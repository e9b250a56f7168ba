import type { Command, Context } from '../command.ts';
import { followMessage, isFinal } from '../follow-message.ts';
import { type MessageSource, type MessageView, openMessageSource } from '../message-source.ts';
import { toLifeText } from '../message-text.ts';

const WAIT_MS = 60_000;

export const sendCommand: Command = {
  name: 'send',
  summary: 'Send one message',
  flags: [
    { name: 'to', value: 'PHONE', summary: 'Recipient, E.164', required: true },
    { name: 'list', value: 'LIST', summary: 'List to send from: number, id or pn_...', required: true },
    { name: 'body', value: 'TEXT', summary: 'Text; macros such as {{first_name}} are filled', required: true },
    { name: 'wait', summary: 'Follow it until its state is final, 60 s at most; fails unless it is delivered' },
  ],
  examples: [
    'trackly send --to +13125550142 --list 1 --body "Hello!" --wait',
    'trackly send --url https://sms.example.com --key trk_... --to +13125550142 --list +18005551000 --body "Hello!"',
  ],
  remote: true,
  run: runSend,
};

async function runSend(context: Context): Promise<number> {
  const { input, output } = context;
  await using source = await openMessageSource(input);
  const id = await source.send({
    to: input.required('to'),
    list: input.required('list'),
    body: input.required('body'),
  });
  if (input.isOn('wait')) return await waitFor(source, id, context);
  output.answer({ message_id: id, status: 'queued' }, () => `Message ${id} is queued.`);
  return 0;
}

async function waitFor(source: MessageSource, id: string, { output }: Context): Promise<number> {
  const message = await followMessage(source, id, {
    timeoutMs: WAIT_MS,
    onChange: ({ state, times }) => output.note(`${times.updated_at}  ${state}`),
  });
  output.answer(message, () => `\n${toLifeText(message)}`);
  if (message.state === 'delivered') return 0;
  process.stderr.write(`${toComplaint(message)}\n`);
  return 1;
}

function toComplaint({ id, state, status_detail }: MessageView): string {
  const detail = status_detail === null ? '' : ` (${status_detail})`;
  if (isFinal(state)) return `Message ${id} is ${state}${detail}.`;
  return `Message ${id} is still ${state}${detail} after ${WAIT_MS / 1_000} s: see that a server runs, and \`trackly doctor\`.`;
}
