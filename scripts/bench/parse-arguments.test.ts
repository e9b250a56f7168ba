import { expect, test } from 'vitest';
import { editDistance } from '../../cli/src/nearest.ts';
import { UsageError } from '../setup.mjs';
import { parseArguments } from './parse-arguments.mjs';

const BENCHES = ['accept-bulk', 'gate', 'render'];
const parse = (...args: string[]) => parseArguments(args, BENCHES, editDistance);

test('without names all run, and their long form is kept', () => {
  expect(parse()).toEqual({ names: BENCHES, isShort: false, isKept: true, isReference: false });
  expect(parse('--ci')).toMatchObject({ names: BENCHES, isShort: true, isKept: false });
});

test('some are kept when they are to be the baseline', () => {
  expect(parse('gate', 'render', 'gate')).toMatchObject({ names: ['gate', 'render'], isShort: false, isKept: false });
  expect(parse('gate', '--baseline')).toMatchObject({ names: ['gate'], isKept: true });
});

test.each([
  [['rendr'], 'There is no benchmark rendr. The nearest is render. There are: accept-bulk, gate, render.'],
  [['nosuch'], 'There is no benchmark nosuch. The nearest is gate. There are: accept-bulk, gate, render.'],
  [['gate', '--c'], 'There is no option --c. The nearest is --ci. There are: --ci, --baseline, --reference.'],
  [['--ci', '--baseline'], '--ci and --baseline exclude each other: a baseline is of the long form.'],
])('%j is answered with what there is, exit code 2', (args, message) => {
  expect(() => parse(...args)).toThrow(new UsageError(message));
  expect(new UsageError(message).exitCode).toBe(2);
});
