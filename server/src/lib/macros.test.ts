import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileTemplate, renderTemplate } from './macros.ts';

const values: Readonly<Record<string, string>> = {
  first_name: 'Ada',
  'custom_fields.order': '4471',
  messageId: 'k3Vd81Qz',
  link1: 'https://nwp.example/Zt4Lq9b',
  sly: '{{first_name}}',
};
const resolve = (name: string) => (Object.hasOwn(values, name) ? values[name] : undefined);

describe('renderTemplate', () => {
  test.each([
    ['no macros', 'no macros'],
    ['', ''],
    ['Hi {{first_name}}!', 'Hi Ada!'],
    ['{{first_name}}{{first_name}}', 'AdaAda'],
    ['{{ first_name }} {{\tfirst_name\n}}', 'Ada Ada'],
    ['{{custom_fields.order}}', '4471'],
    ['[{{unknown}}]', '[]'],
    ['[{{}}] [{{ }}] [{{a b}}]', '[] [] []'],
    ['{{First_Name}}', ''],
    ['{{toString}}', ''],
    ['{first_name} {{first_name} }}', '{first_name} {{first_name} }}'],
    ['{{{first_name}}}', '{Ada}'],
    ['{{link1}}', 'https://nwp.example/Zt4Lq9b'],
    ['{{sly}}', '{{first_name}}'],
    ['$& {{first_name}} $1', '$& Ada $1'],
  ])('%j becomes %j', (text, expected) => {
    expect(renderTemplate(compileTemplate(text), resolve)).toBe(expected);
  });

  test('leaves links as written when told so, but not names that only look like one', () => {
    const template = compileTemplate('{{link1}} {{ link99 }} {{link100}}{{link0}}{{link01}}{{link}} {{first_name}}');
    expect(renderTemplate(template, resolve, { keepLinks: true })).toBe('{{link1}} {{ link99 }}  Ada');
  });

  test('gives the text back when each macro resolves to itself', () => {
    const pieces = fc.array(fc.constantFrom('{', '}', '{{', '}}', 'a', 'link1', ' '), { maxLength: 30 });
    fc.assert(
      fc.property(pieces, (parts) => {
        const template = compileTemplate(parts.join(''));
        const raws = template.macros.map((macro) => macro.raw);
        expect(renderTemplate(template, () => raws.shift())).toBe(parts.join(''));
      }),
    );
  });
});
