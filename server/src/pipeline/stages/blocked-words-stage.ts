import { createWordBlocker, defaultBlockedWords } from '../../compliance/index.ts';
import { drop, keep, type Stage } from '../stage.ts';

/** Step 9: drops texts that hold a blocked word of the account (or of the built-in list), in the final text. */
export function createBlockedWordsStage(): Stage {
  const blockers = new WeakMap<readonly string[], (text: string) => string | undefined>();

  function blockerOf(words: readonly string[]): (text: string) => string | undefined {
    const known = blockers.get(words);
    if (known !== undefined) return known;
    const made = createWordBlocker(words);
    blockers.set(words, made);
    return made;
  }

  return {
    name: 'blocked_words',
    run(batch) {
      const findBlocked = blockerOf(batch.account?.settings.blockedWords ?? defaultBlockedWords);
      keep(batch, 'blocked_words', (message) => {
        const word = findBlocked(message.body);
        return word === undefined ? undefined : drop('blocked_content', word);
      });
    },
  };
}
