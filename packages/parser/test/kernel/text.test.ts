import { describe, expect, it } from 'vitest';
import { jsonOf, kernelFor } from './harness.js';

const kernel = kernelFor('artists');

/** The text that the kernel reads from the raw content of an element. */
const textOf = (raw: string): unknown =>
  JSON.parse(jsonOf(kernel, `<artist><profile>${raw}</profile></artist>`)).profile;
const attributeOf = (raw: string): unknown =>
  JSON.parse(jsonOf(kernel, `<artist><profile a="${raw}"/></artist>`)).profile['@a'];

const WHITE_SPACE = [
  ...[0x09, 0x0a, 0x0d, 0x20, 0x85, 0xa0, 0x1680],
  ...Array.from({ length: 11 }, (_, index) => 0x2000 + index),
  ...[0x2028, 0x2029, 0x202f, 0x205f, 0x3000],
];
/** Characters next to white space, or similar to it, that are not white space. */
const NOT_WHITE_SPACE = [
  0x7f, 0x84, 0x86, 0x9f, 0xa1, 0x167f, 0x1681, 0x180e, 0x1fff, 0x200b, 0x2027, 0x202a, 0x202e, 0x2030, 0x205e, 0x2060,
  0x2fff, 0x3001, 0xfeff, 0x10000, 0x1f680, 0x20000,
];

describe('escapes', () => {
  it.each([
    ['"', '\\"'],
    ['\\', '\\\\'],
    ['\t', '\\t'],
    ['\n', '\\n'],
    ['\r', '\\r'],
    ['&quot;', '\\"'],
    ['&#34;', '\\"'],
    ['&#x22;', '\\"'],
    ['&#92;', '\\\\'],
    ['&#x5C;', '\\\\'],
    ['&#9;', '\\t'],
    ['&#10;', '\\n'],
    ['&#13;', '\\r'],
    ['&#xd;', '\\r'],
    ['&lt;', '<'],
    ['&gt;', '>'],
    ['&amp;', '&'],
    ['&apos;', "'"],
    ["'", "'"],
    ['/', '/'],
    ['>', '>'],
    [']]>', ']]>'],
    ['\x7f', '\x7f'],
    ['&#127;', '\x7f'],
    ['&#x2028;', '\u2028'],
    ['\u2029', '\u2029'],
    ['&amp;lt;', '&lt;'],
    ['&amp;amp;', '&amp;'],
    ['&#38;lt;', '&lt;'],
    ['&#0000065;', 'A'],
    ['&#x00000041;', 'A'],
    ['&#xE9;', 'é'],
    ['&#x7FF;', '\u07ff'],
    ['&#x800;', '\u0800'],
    ['&#xD7FF;', '\ud7ff'],
    ['&#xE000;', '\ue000'],
    ['&#xFFFD;', '\ufffd'],
    ['&#65536;', '\u{10000}'],
    ['&#x1f680;', '🚀'],
    ['&#x10FFFF;', '\u{10ffff}'],
    ['\ufeff', '\ufeff'],
    ['é日本🚀', 'é日本🚀'],
  ])('%j becomes %j in text and in attributes', (raw, escaped) => {
    expect(jsonOf(kernel, `<artist><a>x${raw}x</a></artist>`)).toBe(`{"a":"x${escaped}x"}`);
    const inQuotes = raw.replaceAll('"', '&quot;');
    expect(jsonOf(kernel, `<artist><a b="${inQuotes}"/></artist>`)).toBe(`{"a":{"@b":"${escaped}"}}`);
    if (!raw.includes("'")) expect(jsonOf(kernel, `<artist b='${raw}'/>`)).toBe(`{"@b":"${escaped}"}`);
  });

  it('escapes special bytes in texts and values of every length, at every position and alignment', () => {
    const specials = ['"', '\\', '\n', '&amp;', '&#13;', '&#x1f680;', 'é', '🚀'];
    const decoded = ['"', '\\', '\n', '&', '\r', '🚀', 'é', '🚀'];
    const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz';
    for (let length = 0; length <= 80; length++) {
      const plain = letters.slice(0, length);
      expect(textOf(plain)).toBe(plain || null);
      for (let position = 0; position <= length; position++) {
        const which = (length + position) % specials.length;
        // The text before shifts what follows through all alignments.
        const shift = 'x'.repeat((7 * length + position) % 16);
        const raw = plain.slice(0, position) + specials[which] + plain.slice(position);
        const text = plain.slice(0, position) + decoded[which] + plain.slice(position);
        const record = JSON.parse(
          jsonOf(
            kernel,
            `<artist a='${raw}'><${shift}y>${shift}</${shift}y><b>!${raw}!</b><c c='${raw}'>.</c></artist>`,
          ),
        );
        expect(record).toEqual({
          '@a': text,
          [`${shift}y`]: shift || null,
          b: `!${text}!`,
          c: { '@c': text, '#text': '.' },
        });
      }
    }
  });

  it('reads long texts full of escapes', () => {
    const raw = 'Tel: "1"&#13;\n\\&amp;\t'.repeat(2000);
    expect(textOf(`.${raw}.`)).toBe(`.${'Tel: "1"\r\n\\&\t'.repeat(2000)}.`);
  });
});

describe('trimming', () => {
  const forms = (codePoint: number): string[] => [
    String.fromCodePoint(codePoint),
    `&#${codePoint};`,
    `&#x${codePoint.toString(16)};`,
    `&#x${codePoint.toString(16).toUpperCase().padStart(8, '0')};`,
  ];

  it.each(WHITE_SPACE)('trims white space %i at both ends, literal or as a reference', (codePoint) => {
    const character = String.fromCodePoint(codePoint);
    for (const form of forms(codePoint)) {
      for (const times of [1, 2, 17]) {
        const run = form.repeat(times);
        expect(textOf(`${run}a`)).toBe('a');
        expect(textOf(`a${run}`)).toBe('a');
        expect(textOf(`${run}é${run}`)).toBe('é');
        expect(textOf(`${run}a;${run}`)).toBe('a;');
        expect(textOf(`${run}&amp;${run}`)).toBe('&');
        expect(textOf(`${run}🚀${run}`)).toBe('🚀');
        expect(textOf(`a${run}b`)).toBe(`a${character.repeat(times)}b`);
        expect(textOf(run)).toBe(null);
        expect(textOf(` &#13;${run}\n`)).toBe(null);
      }
      // Attribute values are not trimmed.
      expect(attributeOf(`${form}a${form}`)).toBe(`${character}a${character}`);
      expect(attributeOf(form)).toBe(character);
    }
  });

  it.each(NOT_WHITE_SPACE)('keeps character %i', (codePoint) => {
    const character = String.fromCodePoint(codePoint);
    for (const form of forms(codePoint)) {
      expect(textOf(form)).toBe(character);
      expect(textOf(` ${form} `)).toBe(character);
      expect(textOf(`${form} a ${form}`)).toBe(`${character} a ${character}`);
      expect(textOf(`&#13;${form}&#13;`)).toBe(character);
    }
  });

  it('handles semicolons and partial references at the end', () => {
    expect(textOf('a;')).toBe('a;');
    expect(textOf(';')).toBe(';');
    expect(textOf('&amp;#32;')).toBe('&#32;');
    expect(textOf('&amp;;')).toBe('&;');
    expect(textOf('#32;')).toBe('#32;');
    expect(textOf('x &#x00000020; ;')).toBe('x   ;');
    expect(textOf('&amp;123456789012;')).toBe('&123456789012;');
  });

  it('trims the text of elements with attributes and children', () => {
    expect(jsonOf(kernel, '<artist>\n <a b=" x "> t&#160; </a>\n\n <c/>\n</artist>')).toBe(
      '{"a":{"#text":"t","@b":" x "},"c":null}',
    );
    expect(jsonOf(kernel, '<artist>\n\t<a/> &#13;\n text &#x2003;<b/>\r\n</artist>')).toBe(
      '{"#text":"text","a":null,"b":null}',
    );
    expect(jsonOf(kernel, '<artist>text<a/>\n</artist>')).toBe('{"#text":"text","a":null}');
    expect(jsonOf(kernel, '<artist>\n<a/>text</artist>')).toBe('{"#text":"text","a":null}');
    expect(jsonOf(kernel, '<artist><a b="1">&#13;</a></artist>')).toBe('{"a":{"@b":"1"}}');
    expect(jsonOf(kernel, '<artist><a> </a><b></b><c>\n\n</c></artist>')).toBe('{"a":null,"b":null,"c":null}');
  });
});
