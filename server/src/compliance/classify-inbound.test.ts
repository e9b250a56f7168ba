import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classifyInbound } from './classify-inbound.ts';
import { GUARDS, HELP_KEYWORDS, MISSPELLINGS, OPT_OUT_KEYWORDS, START_KEYWORDS } from './inbound-words.ts';
import { toNormalForm } from './normal-form.ts';

const classOf = (text: string): string => classifyInbound(text).class;

describe('the normal form', () => {
  test.each([
    ['  STOP!! ', 'stop'],
    ['Don’t', 'dont'],
    ['don´t', 'dont'],
    ["can't` won‘t", 'cant wont'],
    ['opt-out', 'opt out'],
    ['st\u200bo\u2060p\ufe0f', 'stop'],
    ['ｓｔｏｐ ①', 'stop 1'],
    ['st0p 5t0p $top st@p', 'stop stop stop stap'],
    ['7h3 bu5', 'the bus'],
    ['20 off 4471', '20 off 4471'],
    ['$20 @ 5', '20 5'],
    ['a$', 'as'],
    ['$ @', ''],
    ['é ж 漢', 'é ж 漢'],
    ['', ''],
  ])('%j is %j', (text, normal) => expect(toNormalForm(text)).toBe(normal));
});

describe('step 1, a reaction', () => {
  test.each(['Liked', 'Loved', 'Disliked', 'Laughed at', 'Emphasized', 'Emphasised', 'Questioned'])(
    '%s "..."',
    (verb) => {
      for (const quoted of ['"Reply STOP to stop."', '“Reply STOP to stop.”', ' “ stop ” ']) {
        expect(classifyInbound(`${verb} ${quoted}`)).toMatchObject({ class: 'reaction', rule: 'reaction tapback' });
        expect(classOf(`${verb.toUpperCase()} ${quoted}`)).toBe('reaction');
      }
    },
  );

  test.each([
    'Reacted 😂 to “Hi stop”',
    'reacted 👍🏽 to "stop texting me"',
    'Removed a like from “stop”',
    'Removed a heart from "stop"',
    'Removed a dislike from “stop”',
    'Removed a laugh from “stop”',
    'Removed an exclamation from “stop”',
    'Removed an exclamation mark from “stop”',
    'Removed a question mark from “stop”',
    'Removed a reaction from “stop”',
    '👍 to “Hi stop”',
    '\u200a👍\u200b to "\u200aHi stop\u200a"',
    '❤️ to “a "quoted" stop”',
    '🇺🇸 to “stop”',
    '👍',
    '👍👍!!',
    '???',
    '',
    ' \n',
    '$',
  ])('%j', (text) => expect(classOf(text)).toBe('reaction'));

  test.each([
    ['Liked it, please stop', 'opt_out'],
    ['Loved "it" but stop texting me', 'opt_out'],
    ['Removed a tooth from “stop texting”', 'opt_out'],
    ['👍 ok', 'reply'],
    ['7', 'reply'],
    ['ⓢⓣⓞⓟ', 'opt_out'],
  ])('%j is none', (text, kind) => expect(classOf(text)).toBe(kind));
});

describe('step 2, a keyword', () => {
  test.each([...OPT_OUT_KEYWORDS])('%s', (keyword) => {
    expect(classifyInbound(keyword)).toMatchObject({ class: 'opt_out', rule: `keyword ${keyword}`, label: null });
    expect(classOf(` ${keyword.toUpperCase()}. `)).toBe('opt_out');
  });
});

/** Every use of a row of words. */
function usesOf(phrase: string): string[] {
  const groups = phrase.split(' ').map((group) => group.split('/').map((word) => word.replaceAll('+', ' ')));
  return groups.reduce<string[]>(
    (uses, words) => uses.flatMap((use) => words.map((word) => `${use} ${word}`.trim())),
    [''],
  );
}

describe('step 3, guards', () => {
  test.each(GUARDS.flatMap(usesOf))('%s', (use) => {
    expect(classOf(`I will ${use} today`)).toBe('reply');
    expect(classOf(use)).toBe('reply');
    expect(classOf(`${use}. please stop texting`)).toBe('opt_out');
  });

  test('what they keep apart stays apart', () => {
    expect(classOf("don't stop by, text me")).toBe('reply');
    expect(classOf('bus stop stop')).toBe('opt_out');
  });
});

describe('step 4, phrases', () => {
  test.each([
    ['stop I already bought', '^stop *'],
    ...'texting text texts txting txt txts messaging messages message msging msgs msg sending contacting contact spamming bothering harassing calling emailing sms'
      .split(' ')
      .map((word) => [`could you stop ${word} me`, 'stop ']),
    ...'please pls plz plez just kindly'.split(' ').map((word) => [`would you ${word} stop it now`, 'please/']),
    ...['do not', 'dont', 'never', 'no longer'].flatMap((not) =>
      'text txt message msg contact sms'
        .split(' ')
        .flatMap((verb) => [
          ...['me', 'us', 'this', 'here', 'anymore', 'any more', 'again'].map((word) => [
            `now ${not} ${verb} ${word} ok`,
            'do+not/',
          ]),
          [`you can ${not} ${verb}`, 'do+not/'],
        ]),
    ),
    ...['any', 'anymore', 'anything', 'more', 'these', 'this', 'texts', 'messages'].flatMap((word) => [
      [`so dont send ${word} ok`, 'do+not/dont send'],
      [`so do not send me ${word} ok`, 'do+not/dont send'],
      [`so dont send us ${word} ok`, 'do+not/dont send'],
    ]),
    ...'text texts txt txts message messages msg msgs sms promos offers ads'
      .split(' ')
      .map((word) => [`hey no more ${word} ok`, 'no+more']),
    ...['me', 'us', 'my number', 'this number', 'my phone'].flatMap((word) => [
      [`you should remove ${word} from it`, 'remove/delete'],
      [`you should delete ${word} from it`, 'remove/delete'],
    ]),
    ...['me', 'us', 'my number', 'this number'].map((word) => [`will you take ${word} off your list`, 'take ']),
    ...'unsubscribe unsub optout unsuscribe unsubcribe'
      .split(' ')
      .map((word) => [`how do I ${word} from this`, 'unsubscribe/']),
    ['I want to opt out of this', 'opt/opting'],
    ['I am opting me out of this', 'opt/opting'],
    ...['are', 'r'].flatMap((is) =>
      ['you', 'u', 'yall'].flatMap((you) =>
        'texting txting messaging contacting'.split(' ').map((verb) => [`hey why ${is} ${you} ${verb} me`, 'why ']),
      ),
    ),
    ['would you leave me alone now', 'leave+me'],
    ...['lose', 'delete', 'forget'].flatMap((verb) =>
      ['my', 'this'].map((my) => [
        `you should ${verb} ${my} number now`,
        verb === 'delete' ? 'remove/delete' : 'lose/',
      ]),
    ),
    ...['number', 'person', 'phone'].map((word) => [`sorry you have the wrong ${word} ok`, 'wrong ']),
    ...['', 'my ', 'all ', 'these ', 'the '].flatMap((my) =>
      'subscription texts text messages alerts sms service'
        .split(' ')
        .map((word) => [`you can cancel ${my}${word} now`, 'cancel ']),
    ),
    ...['quit', 'cease'].flatMap((verb) =>
      'texting txting messaging sending contacting'
        .split(' ')
        .map((word) => [`you should ${verb} ${word} me`, 'quit/']),
    ),
    ['this is a cease and desist letter', 'cease+and'],
    ['I hereby revoke my consent today', 'revoke '],
    ['I hereby revoke consent today', 'revoke '],
    ...'texts messages these this'.split(' ').map((word) => [`you should end ${word} now`, 'end ']),
  ] as [string, string][])('%s', (text, start) => {
    const { class: kind, rule } = classifyInbound(text);
    expect([kind, rule?.startsWith(`phrase ${start}`)]).toEqual(['opt_out', true]);
  });
});

test.each(['OK stop', 'now then stop', 'thanks, stop'])('step 5, a last word: %s', (text) => {
  expect(classifyInbound(text)).toMatchObject({ class: 'opt_out', rule: 'last word stop', keyword: 'STOP' });
});
test('step 5 takes at most three words', () => expect(classOf('when will it stop')).toBe('reply'));

test.each([...MISSPELLINGS])('step 6, a misspelling: %s', (word) => {
  expect(classOf(word)).toBe('opt_out');
  expect(classOf(`a ${word} of some other kind`)).toBe(
    ['unsuscribe', 'unsubcribe'].includes(word) ? 'opt_out' : 'reply',
  );
});

test.each([
  ['S.T.O.P', 'stop'],
  ['s t o p', 'stop'],
  ['sto p', 'stop'],
  ['st op', 'stop'],
  ['u n s u b s c r i b e', 'unsubscribe'],
  ['un subscribe', 'unsubscribe'],
  ['c a n c e l', 'cancel'],
  ['stp o', 'stpo'],
])('step 7, spread letters: %s', (text, joined) => {
  expect(classifyInbound(text)).toMatchObject({ class: 'opt_out', rule: `spread letters ${joined}` });
});
test('step 7 takes long words only from three words', () => expect(classOf('un sub scri be')).toBe('reply'));

test.each([
  ...'spam spammer spammers spamming scam scams scammer scammers phishing fraud'
    .split(' ')
    .map((word) => [`this is ${word} I think`, 'spam']),
  ['total junk texts', 'spam'],
  ...'harassment harassing lawsuit fcc ftc'.split(' ').map((word) => [`so this is ${word} and more`, 'legal']),
  ['you will hear from my lawyer', 'legal'],
  ['you will hear from my attorney', 'legal'],
  ...['sue', 'suing'].flatMap((verb) => ['you', 'u'].map((you) => [`I am going to be ${verb} ${you} now`, 'legal'])),
  ...['report', 'reporting', 'reported'].flatMap((verb) =>
    ['you', 'this', 'it', 'as', 'your'].map((word) => [`I have ${verb} ${word} by now`, 'legal']),
  ),
] as [string, string][])('step 8, abuse: %s', (text, label) => {
  expect(classifyInbound(text)).toMatchObject({ class: 'abuse', label });
});

describe('step 9', () => {
  test.each([...HELP_KEYWORDS])('help: %s', (text) => expect(classOf(`${text}?`)).toBe('help'));
  test.each([...START_KEYWORDS])('start: %s', (text) => expect(classOf(`${text.toUpperCase()}!`)).toBe('start'));
  test('a join keyword of the list, in normal form', () => {
    const join = new Set(['pets', 'join us', 'start']);
    expect(classifyInbound('PETS!', join)).toMatchObject({ class: 'join', rule: 'join pets', keyword: 'PETS' });
    expect(classifyInbound('Join us', join).class).toBe('join');
    expect(classifyInbound('start', join).class).toBe('start');
    expect(classifyInbound('pets please', join).class).toBe('reply');
  });
  test.each([
    ['yes', 'yes'],
    ['Y', 'yes'],
    ['No!', 'no'],
    ['n', 'no'],
    ['yes please', null],
    ['When do you open?', null],
  ])('%s is a reply that answers %s', (text, answer) => {
    expect(classifyInbound(text)).toMatchObject({ class: 'reply', rule: null, answer });
  });
});

test.each([
  'STOP',
  'stop!',
  'st0p',
  'sto p',
  'S.T.O.P',
  '$top',
  'STPO',
  'SOTP',
  'Please stop',
  'OK stop',
  'Stop I already bought',
  'opt-out',
  'Unsubscribe me please',
  'unsuscribe',
  "don't text me again",
  'WRONG NUMBER',
  'take me off your list',
  'No more texts',
  'why r u texting',
  'cancle',
  'I revoke my consent',
  'arrêt',
  '𝐬𝐭𝐨𝐩',
  'stop texting me',
  'do not text',
])('%j must be an opt-out', (text) => expect(classOf(text)).toBe('opt_out'));

test.each([
  "I'll stop by tomorrow",
  'bus stop',
  'we never stop',
  "don't stop",
  'full stop',
  'one stop shop',
  'Liked “Reply STOP to stop.”',
  '👍 to “Hi stop”',
  '👍',
  'shop',
  'step',
  'top',
  'spot',
  'the end',
  'I will cancel dinner',
  'that was wrong',
  'Is this a block party',
  "don't text and drive",
  'take me to the store',
  "It won't stop",
  'near the stop',
  'Hi this is Sue',
  'send me the report',
  'junk food is what my dog likes',
  'yes',
  'stöp',
  'constop',
  'stopwatch',
])('%j must not be an opt-out', (text) => expect(['reply', 'reaction']).toContain(classOf(text)));

test.each([
  ['Stop!', 'STOP'],
  ['  st0p ', 'ST0P'],
  ['please STOP it', 'PLEASE STOP'],
  ["Don't text me", 'DONT TEXT ME'],
  ['pls\u0000stop', 'PLS STOP'],
  ['Arrêt', 'ARRÊT'],
])('the keyword of %j is %j', (text, keyword) => expect(classifyInbound(text).keyword).toBe(keyword));

describe('whatever is written', () => {
  const words = fc.constantFrom(
    ...'stop please bus text me no more dont the a unsub scribe " “ ” liked to 👍 $ 0 ’ \u200b é ﷺ \u0000'.split(' '),
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.string({ unit: 'grapheme', maxLength: 400 }),
    fc.array(words, { maxLength: 80 }).map((it) => it.join(' ')),
    fc.array(words, { maxLength: 80 }).map((it) => it.join('')),
  );

  test('it is classified without a failure and the same every time', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const first = classifyInbound(text);
        expect(classifyInbound(text)).toEqual(first);
        expect(first.keyword === null || (first.keyword.length <= 160 && first.keyword.isWellFormed())).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a keyword is found in any case, with any signs around it and invisible characters in it', () => {
    const signs = fc.string({
      unit: fc.constantFrom(' ', '.', '!', '?', '-', '_', '*', '#', '(', ')', '\u200b', '\n'),
      maxLength: 5,
    });
    const keyword = fc.constantFrom(...OPT_OUT_KEYWORDS, ...MISSPELLINGS);
    fc.assert(
      fc.property(keyword, signs, signs, fc.integer({ min: 1, max: 3 }), (word, before, after, at) => {
        const hidden = `${word.slice(0, at)}\u200d${word.slice(at)}`;
        for (const text of [word, word.toUpperCase(), hidden]) expect(classOf(before + text + after)).toBe('opt_out');
      }),
    );
  });

  test('a guard alone is never an opt-out', () => {
    const filler = fc.constantFrom('i', 'will', 'today', 'ok', 'we', 'see', 'it');
    fc.assert(
      fc.property(fc.constantFrom(...GUARDS.flatMap(usesOf)), fc.array(filler, { maxLength: 4 }), (use, after) => {
        expect(classOf(['i', use, ...after].join(' '))).not.toBe('opt_out');
      }),
    );
  });

  /** Milliseconds of the best of some tries: what the text costs, without what else the machine does. */
  function costOf(text: string, tries: number): number {
    let best = Number.POSITIVE_INFINITY;
    for (let n = 0; n < tries && best >= 1; n++) {
      const startedMs = performance.now();
      classifyInbound(text);
      best = Math.min(best, performance.now() - startedMs);
    }
    return best;
  }

  test('it takes less than a millisecond', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 100 }), (text, times) => {
        expect(costOf(text.repeat(times), 50)).toBeLessThan(1);
      }),
      { numRuns: 1_000 },
    );
  });

  test('it takes less than a millisecond, however it is made to take long', () => {
    const long = 40_000;
    const nasty = [
      'stop '.repeat(long),
      'the stop '.repeat(long),
      'a '.repeat(long),
      's'.repeat(long),
      ' '.repeat(long),
      '"'.repeat(long),
      `liked "${'"'.repeat(long)}x`,
      `👍${'👍'.repeat(long)} to "`,
      'ﷺ'.repeat(long),
      '\u0301'.repeat(long),
      'do not '.repeat(long),
      '$0@1'.repeat(long),
      'a$ '.repeat(long),
      `reacted ${'x '.repeat(long)}`,
      "'".repeat(long),
      '\u200b'.repeat(long),
      'é'.repeat(long),
      `removed a ${'question mark '.repeat(long)}`,
      'no more '.repeat(long),
      'cancel my '.repeat(long),
      '\ud800'.repeat(long),
    ];
    for (const text of nasty) {
      expect([text.slice(0, 12), costOf(text, 50) < 1]).toEqual([text.slice(0, 12), true]);
    }
  });
});
