/**
 * Words and phrases that no message may hold unless the account has a list of its own. Whole words, case and accents
 * ignored. Groups: what is sold or promised, what asks for secrets, whose name is borrowed.
 */
export const BLOCKED_WORD_GROUPS = {
  crypto: ['bitcoin', 'crypto', 'ethereum', 'nft airdrop', 'seed phrase', 'wallet connect'],
  phishing: ['verify your account', 'account suspended click', 'unusual sign-in', 'confirm your ssn', 'gift card code'],
  bank: [
    'chase',
    'wells fargo',
    'bank of america',
    'citibank',
    'capital one',
    'us bank',
    'pnc bank',
    'td bank',
    'zelle',
  ],
} as const satisfies Record<string, readonly string[]>;
