import { expect, it } from 'vitest';
import { checkBlock, jsonOf, kernelFor } from './harness.js';

const kernel = kernelFor({ dataType: 'artists', reading: 'platform' });
const GOOD = '<artist><id>1</id><name> good </name></artist>\n';

it('keeps white space at both ends of texts of every length and alignment', () => {
  for (let length = 1; length <= 40; length++) {
    const text = 'x'.repeat(length);
    const [before, after] = [' '.repeat(length % 18), '\n'.repeat(length % 3)];
    const raw = `${before}${text}${after}`;
    const json = JSON.stringify(raw);
    expect(jsonOf(kernel, `<artist><a>${raw}</a><b c="">${raw}</b></artist>`)).toBe(
      `{"a":${json},"b":{"#text":${json},"@c":""}}`,
    );
  }
});

it('writes a space for each literal tab and line end in values of every length, at every position', () => {
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
  const specials = ['\t', '\n', '\r', '\r\n', '\r\r\n', '&#10;\n', '\r&amp;', '"\t', '\n\u2003'];
  const written = [' ', ' ', ' ', ' ', '  ', '\n ', ' &', '" ', ' \u2003'];
  for (let length = 0; length <= 40; length++) {
    for (let position = 0; position <= length; position++) {
      const which = (length + position) % specials.length;
      const put = (special: string): string => letters.slice(0, position) + special + letters.slice(position, length);
      const shift = 'x'.repeat((3 * length + position) % 16);
      expect(
        JSON.parse(jsonOf(kernel, `<artist><${shift}y/><a b='${put(specials[which]!)}' c="1"/></artist>`)),
      ).toEqual({
        [`${shift}y`]: null,
        a: { '@b': put(written[which]!), '@c': '1' },
      });
    }
  }
});

it.each([
  ['indented children', '<artist>\n  <a>\n    <b/>\n    <b/>\r\n\t</a>\n</artist>', '{"a":{"b":[null,null]}}'],
  [
    'white space by reference',
    '<artist><a>&#32;&#xA0;\u3000</a><b c="1"> &#10;</b></artist>',
    '{"a":null,"b":{"@c":"1"}}',
  ],
  [
    'one text beside children',
    '<artist><a> x <b/></a><c><b/>\ny</c></artist>',
    '{"a":{"#text":" x ","b":null},"c":{"#text":"\\ny","b":null}}',
  ],
  ['an attribute id', '<artist id="7"><a/></artist>', '{"@id":"7","a":null}'],
])('reads %s', (_, xml, json) => {
  expect(jsonOf(kernel, xml)).toBe(json);
  expect(checkBlock(kernel, 'artists', xml + GOOD, 'platform')).toMatchObject({ status: 'incomplete', records: 2 });
});

it.each([
  ['text before white space', '<artist>x<a/> </artist>'],
  ['text after white space', '<artist> <a/>x</artist>'],
  ['text between white space', '<artist>\n<a/>\n<a/>x<a/>\n</artist>'],
  ['white space by reference in one of two pieces', '<artist> <a/>&#32;</artist>'],
  ['an id with white space', '<artist><id> 1</id></artist>'],
  ['an id of white space', '<artist><id> </id></artist>'],
  ['a reference to a control character', '<artist><a>&#11;</a></artist>'],
  ['an unknown entity in an attribute', '<artist a="&nbsp;"/>'],
  ['a zero byte', '<artist><a>\0</a></artist>'],
])('leaves to the strict engine: %s', (_, xml) => {
  expect(checkBlock(kernel, 'artists', GOOD + xml + GOOD, 'platform')).toEqual({
    status: 'irregular',
    offset: GOOD.length,
    records: 1,
  });
});

it.each([
  ['releases', '<release id="1" status="Accepted"><title> T</title></release>'],
  ['masters', '<master id=""/>'],
  ['masters', '<master><title/><id>3</id></master>'],
] as const)('adds no member id to %s: %s', (dataType, xml) => {
  const own = kernelFor({ dataType, reading: 'platform' });
  expect(checkBlock(own, dataType, xml.repeat(3), 'platform')).toMatchObject({ status: 'incomplete', records: 3 });
});
