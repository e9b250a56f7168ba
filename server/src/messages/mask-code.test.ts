import { expect, test } from 'vitest';
import { maskCode } from './mask-code.ts';

test.each([
  ['Acme: your code is 123456', '{{brand_name}}: your code is {{code}}', 'Acme: your code is ******'],
  ['0987 is it, call 8005551000', '{{ code }} is it, call 8005551000', '**** is it, call 8005551000'],
  ['(a+b)* 5550142 $1', '(a+b)* {{code}} $1', '(a+b)* ******* $1'],
  ['Hi Zoe 4711, 123456!', 'Hi {{first_name}}, {{code}}!', 'Hi Zoe 4711, ******!'],
  ['x\n1234\ny', 'x\n{{code}}\ny', 'x\n****\ny'],
  ['another text 123456 and 12', 'code {{code}}', 'another text ****** and 12'],
  ['code ******', 'code {{code}}', 'code ******'],
  ['Hi A, 1234!, 123456!', 'Hi {{first_name}}, {{code}}!', 'Hi A, ****!, ******!'],
  ['123456 for Zoe at Acme', '{{code}} for {{first_name}} at {{brand_name}}', '****** for Zoe at Acme'],
  ['123456 1', '{{code}} 12', '****** 1'],
])('%s', (text, template, shown) => {
  expect(maskCode(text, template)).toBe(shown);
});

test('a text that is not what its template says costs no more for many macros', () => {
  const template = `${'{{first_name}} '.repeat(30)}{{code}}’`;
  const startedMs = performance.now();
  expect(maskCode(`${'a '.repeat(80)}123456'`, template)).toContain("******'");
  // Some microseconds; tried in every way that the macros could be cut, it would not end.
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});
