import { UsageError } from '../setup.mjs';

const OPTIONS = ['--ci', '--baseline', '--reference'];

/**
 * @param {readonly string[]} args of the command line
 * @param {readonly string[]} benches all there are
 * @param {(a: string, b: string) => number} editDistance
 * @returns {{names: readonly string[], isShort: boolean, isKept: boolean, isReference: boolean}} `isKept`: the results
 *   become the baseline and the documents are written
 * @throws UsageError for what there is not, with the nearest and all that there is
 */
export function parseArguments(args, benches, editDistance) {
  const options = args.filter((argument) => argument.startsWith('-'));
  const names = args.filter((argument) => !argument.startsWith('-'));
  assertKnown('option', options, OPTIONS, editDistance);
  assertKnown('benchmark', names, benches, editDistance);
  const isShort = options.includes('--ci');
  if (isShort && options.includes('--baseline')) {
    throw new UsageError('--ci and --baseline exclude each other: a baseline is of the long form.');
  }
  return {
    names: names.length > 0 ? [...new Set(names)] : benches,
    isShort,
    isKept: options.includes('--baseline') || (names.length === 0 && !isShort),
    isReference: options.includes('--reference'),
  };
}

function assertKnown(what, words, known, editDistance) {
  const wrong = words.find((word) => !known.includes(word));
  if (wrong === undefined) return;
  const nearest = known.reduce((best, each) => (editDistance(wrong, each) < editDistance(wrong, best) ? each : best));
  throw new UsageError(`There is no ${what} ${wrong}. The nearest is ${nearest}. There are: ${known.join(', ')}.`);
}
