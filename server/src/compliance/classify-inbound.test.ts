import { describe, expect, it } from 'vitest';
import { classifyInbound } from './classify-inbound.ts';

describe('an inbound text', () => {
  it.each([
    'STOP',
    'stop!',
    ' Stop. ',
    'opt-out',
    'OPT OUT',
    'Unsubscribe',
    'arrêt',
    'StopAll',
    'remove me',
    'ｓｔｏｐ',
    'st\u200Bop',
  ])('%j unsubscribes', (text) => expect(classifyInbound(text)).toBe('opt_out'));

  it.each(['START', 'unstop', 'Opt-in'])('%j subscribes again', (text) => expect(classifyInbound(text)).toBe('start'));

  it.each(['bus stop', "I'll stop by tomorrow", 'the end', 'Thanks', '', '👍', 'step', 'yes'])(
    '%j is a reply',
    (text) => expect(classifyInbound(text)).toBe('reply'),
  );
});
