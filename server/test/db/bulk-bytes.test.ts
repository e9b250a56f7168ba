import { expect, test } from 'vitest';
import { sendBulkBytes } from '../../src/messages/index.ts';
import { closeHealthy, createPipelineRig, DEMO_NUMBER } from '../helpers/pipeline-rig.ts';

test('messages that were accepted as bytes wait, leave and arrive like all others', async () => {
  const rig = await createPipelineRig({ started: false });
  const messages = ['Hello', 'Zo\u00eb said "hi"\n', '漢字 😀'].map((body, place) => ({
    list_number: DEMO_NUMBER,
    body,
    to: `+1312555100${place}`,
    category: 'transactional',
    skip_affixes: null,
    wrap_links: false,
    skip_duplicate_check: true,
  }));
  const bytes = Buffer.from(JSON.stringify({ messages, list_number: 'of no row' }, null, '\t'));
  const json = await sendBulkBytes({ ...rig, idCodec: rig.ids }, rig.caller, { bytes, raw: true });
  const answer = JSON.parse(json ?? '{}') as { message_ids: string[] };
  expect(answer).toMatchObject({ queued_count: 3, error_count: 0, errors: [] });
  rig.startLanding();
  for (const [place, id] of answer.message_ids.entries()) {
    expect(await rig.get(id)).toMatchObject({ status: 'queued', to: messages[place]?.to });
  }
  rig.startApplying();
  await rig.startSending();
  await rig.drain();
  for (const [place, id] of answer.message_ids.entries()) {
    const { to, body } = messages[place] ?? {};
    expect(await rig.get(id)).toMatchObject({ status: 'delivered', to, body });
  }
  await closeHealthy(rig);
});
