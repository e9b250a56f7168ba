import { expect, test } from 'vitest';
import { classifyInbound } from './classify-inbound.ts';
import { HELP_KEYWORDS, MISSPELLINGS, NO_WORDS, OPT_OUT_KEYWORDS, START_KEYWORDS, YES_WORDS } from './inbound-words.ts';

/*
 * The lists of the contract (inbound-and-compliance.md 2), written down a second time, so that a word that gets lost from
 * the data, or into it, shows: the other tests go through the data itself.
 */
const KEYWORDS = [
  'stop',
  'stopall',
  'stop all',
  'end',
  'quit',
  'cancel',
  'unsubscribe',
  'unsub',
  'remove',
  'remove me',
  'opt out',
  'optout',
  'block',
  'wrong',
  'revoke',
  'arret',
  'td',
];
const MISSPELT = `
  stpo storp stod stp sotp sto sopt stob stoo stopp stoop sstop sttop stopo stpp stoip stiop stopl stopd stops stip stap stup
  srop sytop syop sgop dtop wtop xtop atop tsop ospt stpop sotop stoped stopped stopit stopme stopnow stopplease stoppls
  pleasestop plsstop stoptexting stoptext stopal stopalll stopsll stol stopi unsuscribe unsubcribe unsubscibe unsubscrib
  unsubscribed unsubcribed unsuscribed unsubsribe unscribe unsubscride unsubsrcibe usubscribe unsubscrbe unsubcsribe
  unsubscirbe unsubsciribe insubscribe unsubsctibe unsubscrive cancle cancell canel cansel cancal quitt qiut optput otpout
  optou oput optoout removeme`;

test.each([
  // As people with the accent on their keyboard write it.
  ['opt-out keywords', OPT_OUT_KEYWORDS, [...KEYWORDS, 'arrêt']],
  ['misspellings', MISSPELLINGS, MISSPELT.trim().split(/\s+/)],
  ['HELP', HELP_KEYWORDS, ['help', 'info', 'help me', 'help please', 'aide']],
  ['START', START_KEYWORDS, ['start', 'unstop', 'subscribe', 'resubscribe', 'resume', 'opt in', 'optin']],
  ['yes', YES_WORDS, ['yes', 'y']],
  ['no', NO_WORDS, ['no', 'n']],
])('%s are those of the contract', (_what, words, expected) => {
  expect([...words].sort()).toEqual(expected.sort());
});

const BEFORE_STOP =
  'bus truck pit rest train tram metro subway non full whistle one next last first short the a my your our';
const NOT = 'dont|do not|never|cant|cannot|wont|will not|didnt|doesnt';
const AFTER_STOP = 'sign signs light lights watch gap loss';

test.each([
  ...['stop', 'stops', 'stopping', 'stopped'].flatMap((verb) =>
    ['by', 'over', 'in'].map((where) => `${verb} ${where}`),
  ),
  ...BEFORE_STOP.split(' ').map((word) => `${word} stop`),
  ...NOT.split('|').map((not) => `${not} stop`),
  ...AFTER_STOP.split(' ').map((word) => `stop ${word}`),
])('a guard of the contract: %s', (use) => {
  expect(classifyInbound(use).class).toBe('reply');
  expect(classifyInbound(`so then I will ${use}`).class).toBe('reply');
});
