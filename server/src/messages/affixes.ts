import type { Account, List } from '../accounts/index.ts';

export interface Affixes {
  readonly prepend: string;
  readonly append: string;
}

const NONE: Affixes = { prepend: '', append: '' };

/**
 * What goes before and behind the text of a message, with macros not filled: fill those of
 * `prepend + body + append` in one pass. Empty texts when the message gets none: `skip` (the message's `skip_affixes`),
 * a list outside the US (Canadian numbers count as US), or a category that the list leaves alone. System and OTP
 * messages never have any; their sender passes `skip`.
 */
export function affixesFor(
  list: Pick<List, 'number' | 'settings'>,
  account: Pick<Account, 'settings'>,
  category: 'transactional' | 'marketing',
  skip: boolean,
): Affixes {
  if (skip || !isUnitedStates(list) || !covers(list.settings.affixes, category)) return NONE;
  return {
    prepend: list.settings.prepend ?? account.settings.prepend,
    append: list.settings.append ?? account.settings.append,
  };
}

function isUnitedStates({ number, settings }: Pick<List, 'number' | 'settings'>): boolean {
  return settings.country === 'US' || (settings.country === 'CA' && number.startsWith('+1'));
}

function covers(affixes: List['settings']['affixes'], category: 'transactional' | 'marketing'): boolean {
  return affixes === 'all' || affixes === category;
}

/** What `{{brand_name}}` says: the list's name for itself, else the account's. */
export function brandNameOf(list: Pick<List, 'brandName'>, account: Pick<Account, 'name' | 'settings'>): string {
  return list.brandName ?? account.settings.brandName ?? account.name;
}
