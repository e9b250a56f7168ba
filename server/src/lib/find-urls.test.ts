import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { findSettledUrls, findUrls, mayTouchUrl } from './find-urls.ts';

test.each<[text: string, urls: string[]]>([
  ['no link, example.com neither', []],
  ['see https://shop.example/t/4471', ['https://shop.example/t/4471']],
  ['see http://a.example, and https://b.example!', ['http://a.example', 'https://b.example']],
  ['(https://a.example/x_(y)).', ['https://a.example/x_(y']],
  ['<https://a.example>"https://b.example"', ['https://a.example', 'https://b.example']],
  ["'https://a.example/?q=1&r=2'", ['https://a.example/?q=1&r=2']],
  ['HTTPS://A.EXAMPLE/X', ['HTTPS://A.EXAMPLE/X']],
  ['https://a.example/é\u00a0next', ['https://a.example/é']],
  ['https:// http://... https://', []],
  ['xhttps://a.example', ['https://a.example']],
  ['https://a.example\nhttps://b.example', ['https://a.example', 'https://b.example']],
])('%j holds %j', (text, urls) => {
  expect(findUrls(text).map((found) => found.url)).toEqual(urls);
});

test('positions are those of the URL in the text, in order and apart', () => {
  const pieces = fc.array(fc.constantFrom('https://', 'http://', 'a.example', ' ', '.', ')', '<', 'é', '😀'));
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('');
      let previousEnd = 0;
      for (const { start, end, url } of findUrls(text)) {
        expect(text.slice(start, end)).toBe(url);
        expect(start).toBeGreaterThanOrEqual(previousEnd);
        previousEnd = end;
      }
    }),
  );
});

test.each<[pieces: string[], urls: string[][] | undefined]>([
  [['see https://a.example'], [['https://a.example']]],
  [
    ['Hi ', ', see https://a.example. Bye ', ''],
    [[], ['https://a.example'], []],
  ],
  [
    ['Hi ', ' https://a.example/x'],
    [[], ['https://a.example/x']],
  ],
  [['https://a.example/?u=', ''], undefined],
  [['https:', ' x'], undefined],
  [['a', '/b'], undefined],
  [['http', '://a.example '], undefined],
  [['h', 'ttps://a.example '], undefined],
  [['a', ' ftp://a.example '], undefined],
])('the pieces %j settle the URLs %j', (pieces, urls) => {
  expect(findSettledUrls(pieces)?.map((found) => found.map(({ url }) => url))).toEqual(urls);
});

test('settled URLs are those of the text, whatever is put between the pieces', () => {
  const parts = fc.constantFrom('https://', 'http', 's', '://', ':', '/', 'a.example', ' ', '.', '<', 'é', '\ud83d');
  const text = fc.array(parts, { maxLength: 6 }).map((some) => some.join(''));
  const pieces = fc.array(text, { minLength: 2, maxLength: 4 });
  const value = text.filter((some) => !mayTouchUrl(some));
  fc.assert(
    fc.property(pieces, fc.array(value, { minLength: 4, maxLength: 4 }), (some, values) => {
      const settled = findSettledUrls(some);
      fc.pre(settled !== undefined);
      const filled = some.map((piece, i) => (i === 0 ? '' : (values[i] ?? '')) + piece).join('');
      expect(findUrls(filled).map(({ url }) => url)).toEqual(settled.flat().map(({ url }) => url));
    }),
    { numRuns: 2_000 },
  );
});
