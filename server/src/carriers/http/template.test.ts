import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeMessage } from '../contract-suite.ts';
import { parsePath, textAt } from './path.ts';
import { readSubmitTemplate } from './submit-template.ts';
import { parseTemplate } from './template.ts';

const NAMES = new Map([
  ['to', '+1'],
  ['text', 'x'],
]);
const parse = (text: string) => parseTemplate(text, NAMES, 'none');
const NASTY = 'a"b\\c\n<&>\'+%é 😀{{to}}\u0001';

describe('holes', () => {
  test('are filled, filtered from left to right, and never filled twice', () => {
    const values = { to: '+13125550142', text: '{{to}}' };
    expect(parse('To {{to}}, {{ to | digits }}, {{to|zeros}}: {{text}}.').render(values)).toBe(
      'To +13125550142, 13125550142, 0013125550142: {{to}}.',
    );
    expect(parse('{{text|base64}} {{text|utf16hex}} {{text|url}} {{text|json}}').render({ text: 'é"' })).toBe(
      'w6ki 00E90022 %C3%A9%22 é\\"',
    );
    expect(parse('no holes {"a":{"b":{}}}').render({})).toBe('no holes {"a":{"b":{}}}');
  });

  test.each([
    ['{{txet}}', '{{txet}} is not known at line 1, character 1; there are to, text'],
    ['a\nbc {{to|upper}}', 'the filter upper is not known at line 2, character 4; there are digits, zeros, json'],
    ['ok {{to', '{{ is not closed by }} at line 1, character 4'],
    ['{{to}} {{to}', '{{ is not closed by }} at line 1, character 8'],
    ['{{}}', '{{}} is not known at line 1, character 1'],
    ['{{constructor}}', '{{constructor}} is not known'],
    ['{{to|constructor}}', 'the filter constructor is not known'],
    ['{{to|}}', 'the filter  is not known'],
  ])('%j is refused with the place of the fault', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});

const message = (body: string) => makeMessage('+18445550111', '+13125550142', { id: 'k3Vd81Qz', body });
const render = (submit: object, body = NASTY) => readSubmitTemplate(submit).toRequest(message(body), 'https://x/?m=1');
const ADDRESS = 'https://carrier.example:8443/api/send';

describe('a filled request holds the text as one value, whatever the text is', () => {
  const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.constant(NASTY));
  const body = (contentType: string, template: unknown) => ({
    url: ADDRESS,
    headers: { 'Content-Type': contentType },
    body: template,
  });

  test('JSON', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const request = render(
          body('application/json; charset=utf-8', '{"t": "<{{text}}>", "n": {{to|digits}}}'),
          text,
        );
        expect(JSON.parse(request.body ?? '')).toEqual({ t: `<${text}>`, n: 13_125_550_142 });
      }),
    );
  });

  test('a form', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const request = render(body('application/x-www-form-urlencoded', 'to={{to}}&text={{text}}&end=1'), text);
        expect([...new URLSearchParams(request.body)]).toEqual([
          ['to', '+13125550142'],
          ['text', text.toWellFormed()],
          ['end', '1'],
        ]);
      }),
    );
  });

  test('an address', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { path } = render({ method: 'GET', url: `${ADDRESS}/{{text}}?t={{text}}&to={{to}}` }, text);
        const address = new URL(`https://carrier.example${path}`);
        expect(path).toMatch(/^\/api\/send\/[\x21-\x7e]*$/);
        expect([...address.searchParams]).toEqual([
          ['t', text.toWellFormed()],
          ['to', '+13125550142'],
        ]);
      }),
    );
  });

  test('XML', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { body: xml = '' } = render(body('text/xml', '<t a="{{text}}">{{text}}</t>'), text);
        expect(xml).toMatch(/^<t a="[^<>"]*">[^<>]*<\/t>$/);
        // eslint-disable-next-line no-control-regex
        expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
      }),
    );
    expect(render(body('application/xml', '<t>{{text}}</t>'), '<a> & "b"').body).toBe(
      '<t>&lt;a&gt; &amp; &quot;b&quot;</t>',
    );
  });

  test('plain text is the text', () => {
    expect(render(body('text/plain', '{{to}} {{text}}')).body).toBe(`+13125550142 ${NASTY}`);
  });

  test('an object is JSON without saying so', () => {
    const request = render({ url: ADDRESS, body: { to: '{{to}}', parts: [{ text: '{{text}}' }] } });
    expect(request).toMatchObject({
      method: 'POST',
      path: '/api/send',
      headers: { 'content-type': 'application/json' },
    });
    expect(JSON.parse(request.body ?? '')).toEqual({ to: '+13125550142', parts: [{ text: NASTY }] });
  });
});

test.each([
  [5, 'it must be an object'],
  [{}, 'url is required'],
  [{ url: 'ftp://x/' }, 'url must begin with http:// or https://'],
  [{ url: 'https://{{to}}/' }, 'url must begin with http:// or https:// and a host without {{}}'],
  [{ url: 'https://carrier.example{{to}}/' }, 'url must begin with'],
  [{ url: 'https://user:word@carrier.example/' }, 'url must have no user or password'],
  [{ url: 'https://carrier.example/#x' }, 'url must have no white space and no #'],
  [{ url: 'https://carrier.example/{{txet}}' }, 'url: {{txet}} is not known at line 1, character 25'],
  [{ url: ADDRESS, method: 'DELETE' }, 'method must be one of GET, POST, PUT, PATCH'],
  [{ url: ADDRESS, verb: 'GET' }, 'verb is not known; there are method, url, headers, body'],
  [{ url: ADDRESS, method: 'GET', headers: { 'Content-Type': 'text/plain' }, body: 'x' }, 'body: a GET has none'],
  [{ url: ADDRESS, body: 'x' }, 'headers.Content-Type is required'],
  [{ url: ADDRESS, headers: { 'Content-Type': 'image/png' }, body: 'x' }, 'headers.Content-Type must be one of'],
  [{ url: ADDRESS, headers: { 'Content-Type': 'text/plain' }, body: {} }, 'body must be a text for this Content-Type'],
  [{ url: ADDRESS, headers: { Host: 'x' } }, 'headers.Host is a name that cannot be set'],
  [{ url: ADDRESS, headers: { 'X Y': 'x' } }, 'headers.X Y is a name that cannot be set'],
  [{ url: ADDRESS, headers: { X: 'a\r\nB: c' } }, 'headers.X must be a text of printable ASCII'],
  [{ url: ADDRESS, headers: { X: '{{text}}' } }, 'headers.X: {{text}} is not known'],
  [{ url: ADDRESS, headers: [] }, 'it must be an object'],
  [
    { url: ADDRESS, headers: { 'Content-Type': 'application/json' }, body: '{"to": {{to}}}' },
    'body: with its holes filled it is no JSON',
  ],
  [
    { url: ADDRESS, headers: { 'Content-Type': 'application/json' }, body: '{"to": "{{to}}",}' },
    'body: with its holes filled it is no JSON',
  ],
])('%j is refused when the list is saved', (submit, problem) => {
  expect(() => readSubmitTemplate(submit)).toThrow(problem);
});

test('what is refused is not quoted: a template may hold a password', () => {
  const submit = { url: ADDRESS, headers: { 'Content-Type': 'application/json' }, body: '{"password": a-password}' };
  expect(() => readSubmitTemplate(submit)).toThrow(expect.not.stringContaining('a-password'));
});

describe('paths', () => {
  test('lead to own members and positions only', () => {
    const value = { a: [{ b: 7 }, { b: '' }], 'x-y': true };
    const at = (path: string) => textAt(value, parsePath(path));
    expect(at('a.0.b')).toBe('7');
    expect(at('a[0].b')).toBe('7');
    expect(at('x-y')).toBe('true');
    for (const path of ['a.1.b', 'a.2.b', 'a', 'a.length', 'constructor.name', '__proto__.x', 'a.0.b.c']) {
      expect(at(path)).toBeNull();
    }
    expect(textAt('OK 17', parsePath('.'))).toBe('OK 17');
  });

  test.each([
    '',
    ' ',
    'a..b',
    'a b',
    '.a',
    'a.',
    'a[x]',
    'x'.repeat(201),
    Array.from({ length: 17 }, () => 'a').join('.'),
  ])('%j is none', (path) => {
    expect(parsePath(path)).toBeUndefined();
  });
});
