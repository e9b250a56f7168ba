/*
 * The words by which an inbound text is told apart, in normal form (inbound-and-compliance.md 2 of the contract). Data:
 * what carriers and the FCC name, and what people really write. `a/b` is either; `[a]` may be left out; words are whole.
 */

/** Whole texts that opt out. */
export const OPT_OUT_KEYWORDS: ReadonlySet<string> = new Set(
  (
    'stop,stopall,stop all,end,quit,cancel,unsubscribe,unsub,remove,remove me,opt out,optout,block,wrong,revoke,arret,' +
    'arrêt,td'
  ).split(','),
);

/** Harmless uses of `stop`; they are cut out of a text before it is looked through. */
export const GUARDS: readonly string[] = [
  'stop/stops/stopping/stopped by/over/in',
  'bus/truck/pit/rest/train/tram/metro/subway/non/full/whistle/one/next/last/first/short/the/a/my/your/our stop',
  'dont/do+not/never/cant/cannot/wont/will+not/didnt/doesnt stop',
  'stop sign/signs/light/lights/watch/gap/loss',
];

/** Phrases that opt out wherever they are (`^`: at the beginning). `+` joins words, `*` is any word, `$` the end. */
export const OPT_OUT_PHRASES: readonly string[] = [
  '^stop *',
  'stop texting/text/texts/txting/txt/txts/messaging/messages/message/msging/msgs/msg/sending/contacting/contact/spamming/bothering/harassing/calling/emailing/sms',
  'please/pls/plz/plez/just/kindly stop',
  'do+not/dont/never/no+longer text/txt/message/msg/contact/sms me/us/this/here/anymore/any+more/again/$',
  'do+not/dont send [me/us] any/anymore/anything/more/these/this/texts/messages',
  'no+more text/texts/txt/txts/message/messages/msg/msgs/sms/promos/offers/ads',
  'remove/delete me/us/my+number/this+number/my+phone',
  'take me/us/my+number/this+number off',
  'unsubscribe/unsub/optout/unsuscribe/unsubcribe',
  'opt/opting [me] out',
  'why are/r you/u/yall texting/txting/messaging/contacting',
  'leave+me+alone',
  'lose/delete/forget my/this number',
  'wrong number/person/phone',
  'cancel [my/all/these/the] subscription/texts/text/messages/alerts/sms/service',
  'quit/cease texting/txting/messaging/sending/contacting',
  'cease+and+desist',
  'revoke [my] consent',
  'end texts/messages/these/this',
];

/** Single words that are meant for a keyword. */
export const MISSPELLINGS: ReadonlySet<string> = new Set(
  (
    'stpo storp stod stp sotp sto sopt stob stoo stopp stoop sstop sttop stopo stpp stoip stiop stopl stopd stops stip ' +
    'stap stup srop sytop syop sgop dtop wtop xtop atop tsop ospt stpop sotop stoped stopped stopit stopme stopnow ' +
    'stopplease stoppls pleasestop plsstop stoptexting stoptext stopal stopalll stopsll stol stopi unsuscribe unsubcribe ' +
    'unsubscibe unsubscrib unsubscribed unsubcribed unsuscribed unsubsribe unscribe unsubscride unsubsrcibe usubscribe ' +
    'unsubscrbe unsubcsribe unsubscirbe unsubsciribe insubscribe unsubsctibe unsubscrive cancle cancell canel cansel ' +
    'cancal quitt qiut optput otpout optou oput optoout removeme'
  ).split(' '),
);

export const ABUSE_PHRASES = {
  spam: ['spam/spammer/spammers/spamming/scam/scams/scammer/scammers/phishing/fraud'],
  legal: [
    'harassment/harassing/lawsuit/fcc/ftc',
    'my lawyer/attorney',
    'sue/suing you/u',
    'report/reporting/reported you/this/it/as/your',
  ],
} as const;

export type AbuseLabel = keyof typeof ABUSE_PHRASES;

/** `junk` is abuse only in a text of at most three words. */
export const SHORT_SPAM_WORD = 'junk';

export const HELP_KEYWORDS: ReadonlySet<string> = new Set(['help', 'info', 'help me', 'help please', 'aide']);

export const START_KEYWORDS: ReadonlySet<string> = new Set(
  'start,unstop,subscribe,resubscribe,resume,opt in,optin'.split(','),
);

/** They subscribe only a number that is asked or unsubscribed; else they are plain answers. */
export const YES_WORDS: ReadonlySet<string> = new Set(['yes', 'y']);
export const NO_WORDS: ReadonlySet<string> = new Set(['no', 'n']);
