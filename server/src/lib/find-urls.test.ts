import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { findUrls } from './find-urls.ts';

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
