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
])('%s', (text, template, shown) => {
  expect(maskCode(text, template)).toBe(shown);
});
