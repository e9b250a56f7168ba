import { describe, expect, test } from 'vitest';
import {
  customFieldsKind,
  emailKind,
  ipAddressKind,
  listNumberKind,
  pastTimeKind,
  phoneKind,
  urlKind,
  zoneKind,
} from './value-kinds.ts';

const NOW_MS = Date.UTC(2026, 10, 2);
const DAY_MS = 86_400_000;
const iso = (atMs: number): string => new Date(atMs).toISOString();
const fields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));

describe.each([
  [
    'phone',
    phoneKind,
    ['+13125550142', '+442079460958'],
    ['13125550142', '+1312555014', '+03125550142', '+1 3125550142', '+13125550142\n', '', 13_125_550_142],
  ],
  ['list number', listNumberKind, ['+18005551000', '12345', '123456'], ['1234', '1234567', '12 345', '', 12_345]],
  [
    'custom fields',
    customFieldsKind,
    [{}, fields(100), { a: 'x'.repeat(1_000), b: -1.5, c: true, d: null }, { ['k'.repeat(64)]: 1, 'A_z.0-9': 1 }],
    [
      [],
      'x',
      fields(101),
      { a: 'x'.repeat(1_001) },
      { ['k'.repeat(65)]: 1 },
      { '': 1 },
      { 'a b': 1 },
      { é: 1 },
      { a: {} },
      { a: [1] },
      { a: Number.POSITIVE_INFINITY },
      { a: 'a\u0000' },
      { a: '\ud800' },
    ],
  ],
  [
    'time that may be a day ahead',
    pastTimeKind,
    [iso(NOW_MS), iso(NOW_MS + DAY_MS), '1970-01-01', '2026-11-01T10:00+0530'],
    [iso(NOW_MS + DAY_MS + 1), '1969-12-31', '11/02/2026', '2026-02-30', '', 0],
  ],
  ['zone', zoneKind, ['America/Chicago', 'UTC'], ['Mars/Olympus', '+05:00', '', 5]],
  ['address', ipAddressKind, ['203.0.113.7', '::1', '2001:db8::1'], ['300.1.1.1', '203.0.113', '1', '', 5]],
  [
    'URL',
    urlKind,
    [
      'https://shop.example/join?a=1#b',
      'HTTP://x.example',
      'http://[::1]:8080/',
      `https://x.example/${'a'.repeat(2_030)}`,
    ],
    [
      'ftp://x.example',
      'x.example',
      'https://',
      'https:///x.example',
      'https://user@x.example',
      'https://user:pw@x.example',
      'https://x.example/a b',
      'https://x.example/\u0000',
      `https://x.example/${'a'.repeat(2_031)}`,
      5,
    ],
  ],
  [
    'e-mail address',
    emailKind,
    ['zoe@nwp.example', 'a+b@x.y.example', `${'a'.repeat(243)}@nwp.example`],
    [
      'nobody',
      '@x.example',
      'a@b',
      'a b@x.example',
      'a@x..example',
      `${'a'.repeat(244)}@nwp.example`,
      'a\u0000@x.example',
      5,
    ],
  ],
] as const)('%s', (_name, kind, good, bad) => {
  test.each(good.map((value) => [value]))('%j is one', (value) => {
    expect(kind.isValid(value, NOW_MS)).toBe(true);
  });
  test.each(bad.map((value) => [value]))('%j is none', (value) => {
    expect(kind.isValid(value, NOW_MS)).toBe(false);
  });
});
