import { describe, expect, it } from 'vitest';
import { checkBlock, kernelFor } from './harness.js';

const kernel = kernelFor('artists');
const GOOD = '<artist><id>1</id><name>good</name></artist>\n';

/** Irregular references, in text and in attribute values. */
const BAD_REFERENCES = [
  ...[
    '&',
    '& ',
    '&;',
    'a & b',
    '&&amp;',
    '&amp',
    '&amp ;',
    '&am;',
    '&ampx;',
    '&l;',
    '&ltx;',
    '&gtx;',
    '&quo;',
    '&quotx;',
    '&apo;',
    '&aposx;',
  ],
  ...['&nbsp;', '&LT;', '&Amp;', '&AMP;', '&copy;', '&a;', '&lt', '&lt &gt;'],
  ...[
    '&#;',
    '&#x;',
    '&#X41;',
    '&#a;',
    '&#xg;',
    '&#41',
    '&#x41',
    '&#4 1;',
    '&#-1;',
    '&#+1;',
    '&#x-1;',
    '&# 1;',
    '&#1.0;',
    '&#123456789;',
    '&#x000000041;',
  ],
  ...[
    '&#0;',
    '&#1;',
    '&#8;',
    '&#11;',
    '&#12;',
    '&#14;',
    '&#31;',
    '&#x1f;',
    '&#xD800;',
    '&#xDFFF;',
    '&#xdbff;',
    '&#55296;',
    '&#57343;',
    '&#xFFFE;',
    '&#xFFFF;',
    '&#65534;',
    '&#65535;',
  ],
  ...['&#x110000;', '&#1114112;', '&#xFFFFFFFF;', '&#99999999;', '&#x100000000;'],
];

/** Everything else that makes an artist irregular. */
const IRREGULAR: readonly (readonly [string, string])[] = [
  ['a comment', '<artist><a/><!-- c --></artist>'],
  ['a comment in text', '<artist><a>x<!-- c -->y</a></artist>'],
  ['a CDATA section', '<artist><a><![CDATA[x]]></a></artist>'],
  ['a processing instruction', '<artist><a/><?pi?></artist>'],
  ['a declaration', '<artist><a/><!ELEMENT a></artist>'],
  ['an empty record', '<artist/>'],
  ['an empty record with two tags', '<artist></artist>'],
  ['a record of white space alone', '<artist> \n</artist>'],
  ['a record of text alone', '<artist>text</artist>'],
  ['an attribute and an element `id`', '<artist id="1"><id>1</id><name/></artist>'],
  ['an empty `id` alone', '<artist><id/></artist>'],
  ['an empty `id` and an attribute alone', '<artist a="1"><id/></artist>'],
  ['an end tag that does not match', '<artist><a></b></artist>'],
  ['an end tag of a longer name', '<artist><a></ab></artist>'],
  ['an end tag of a shorter name', '<artist><ab></a></artist>'],
  ['an end tag in another case', '<artist><a></A></artist>'],
  ['an end tag that differs in its 15th byte', '<artist><exactly_15_bytf></exactly_15_byte></artist>'],
  ['an end tag that differs in its 16th byte', '<artist><exactly_16_bytes></exactly_16_bytex></artist>'],
  ['an end tag that differs in its 17th byte', '<artist><exactly_17_bytes_></exactly_17_bytes-></artist>'],
  ['an end tag that is longer than 16 bytes', '<artist><exactly_16_bytes></exactly_16_bytes_></artist>'],
  ['an end tag with part of the name', '<artist><exactly_17_bytes_></exactly_17_bytes></artist>'],
  ['an end tag with a space before its name', '<artist><a></ a></artist>'],
  ['an end tag with an attribute', '<artist><a></a b="1"></artist>'],
  ['an end tag with a slash', '<artist><a></a/></artist>'],
  ['an end tag without a name', '<artist><a></></artist>'],
  ['elements that overlap', '<artist><a><b></a></b></artist>'],
  ['the record’s end tag before that of a child', '<artist><a></artist>'],
  ['an extra end tag', '<artist><a/></a></artist>'],
  ['a space before a name', '<artist>< a/></artist>'],
  ['a `<` alone', '<artist><a>1 < 2</a></artist>'],
  ['a `<` before a `<`', '<artist><<a/></artist>'],
  ['a `<>`', '<artist><></artist>'],
  ['a name that begins with a digit', '<artist><1a/></artist>'],
  ['a name that begins with a hyphen', '<artist><-a/></artist>'],
  ['a name that begins with a dot', '<artist><.a/></artist>'],
  ['a name that begins with a colon', '<artist><:a/></artist>'],
  ['a name outside ASCII', '<artist><é/></artist>'],
  ['a name that ends outside ASCII', '<artist><aé/></artist>'],
  ['a name with a `@`', '<artist><a@b/></artist>'],
  ['a name with a `[`', '<artist><a[/></artist>'],
  ['a name with a backtick', '<artist><a`/></artist>'],
  ['a name with a `{`', '<artist><a{/></artist>'],
  ['a name with a `;`', '<artist><a;/></artist>'],
  ['a name with a comma', '<artist><a,b/></artist>'],
  ['a name of 60 bytes', `<artist><${'n'.repeat(60)}/></artist>`],
  ['a name of 64 bytes', `<artist><${'n'.repeat(64)}/></artist>`],
  ['a name of 1,000 bytes', `<artist><${'n'.repeat(1000)}/></artist>`],
  ['an attribute’s name of 60 bytes', `<artist ${'n'.repeat(60)}="1"/>`],
  ['an attribute’s name that begins with a digit', '<artist 1="1"/>'],
  ['an attribute’s name that begins with a colon', '<artist :a="1"/>'],
  ['an attribute’s name outside ASCII', '<artist é="1"/>'],
  ['an attribute without a value', '<artist a><b/></artist>'],
  ['an attribute without quotes', '<artist a=1><b/></artist>'],
  ['an attribute with a backtick', '<artist a=`1`><b/></artist>'],
  ['an attribute with two kinds of quotes', '<artist a="1\'><b/></artist>'],
  ['an attribute without white space before it', '<artist a="1"b="2"/>'],
  ['an attribute after the slash', '<artist><a /b="1"></a></artist>'],
  ['a slash and a space', '<artist><a / ></artist>'],
  ['two slashes', '<artist><a //></artist>'],
  ['a question mark at a tag’s end', '<artist><a ?></a></artist>'],
  ['white space before `=`', '<artist a ="1"/>'],
  ['white space after `=`', '<artist a= "1"/>'],
  ['two equals signs', '<artist a=="1"/>'],
  ['a duplicate attribute', '<artist a="1" a="2"/>'],
  ['a duplicate attribute, not adjacent', '<artist a="1" b="2" c="3" a="2"/>'],
  ['a duplicate attribute with a long name', `<artist ${'n'.repeat(40)}="1" b="" ${'n'.repeat(40)}="2"/>`],
  ['a duplicate attribute in an inner tag', '<artist><b a="1"/><b a="1" a="2"/></artist>'],
  ['a `<` in a value', '<artist a="<"/>'],
  ['a `<` in a value, past the first 16 bytes', `<artist a="${'x'.repeat(40)}<${'x'.repeat(40)}"/>`],
  ['a vertical tab within a tag', '<artist\va="1"/>'],
  ['a no-break space within a tag', '<artist\u00a0a="1"/>'],
  ['text in two pieces', '<artist>a<b/>c</artist>'],
  ['text in two pieces, one a reference', '<artist>a<b/>&#32;</artist>'],
  ['a foreign element', '<label><id>1</id></label>'],
  ['an element whose name begins like the record’s', '<artists><a/></artists>'],
  ['an element with part of the record’s name', '<artis><a/></artis>'],
  ['the record’s name in another case', '<Artist><a/></Artist>'],
  ['the root’s end tag', '</artists>'],
  ['the record’s end tag', '</artist>'],
  ['text', 'text'],
  ['an ampersand', '&amp;'],
  ['a comment between records', '<!-- c -->'],
  ['a processing instruction between records', '<?xml version="1.0"?>'],
  ['CDATA between records', '<![CDATA[ ]]>'],
  ['a byte-order mark', '\ufeff<artist><a/></artist>'],
  ['a zero byte', '\0'],
  ['a form feed', '\f'],
  ['an id that is an array', '<artist><id>1</id><id>2</id></artist>'],
  ['an id that is an object', '<artist><id><a/></id></artist>'],
  ['an id with an attribute', '<artist><id a="1">1</id></artist>'],
  ['an id with white space', '<artist><id> 1</id></artist>'],
  ['an id of white space', '<artist><id>\n</id></artist>'],
  ['an id with a reference', '<artist><id>&#49;</id></artist>'],
  ['an id with a quote', '<artist><id>"</id></artist>'],
  ['an id with a backslash', '<artist><id>\\</id></artist>'],
  ['an id outside ASCII', '<artist><id>é</id></artist>'],
  ['an id with DEL', '<artist><id>\x7f</id></artist>'],
  ['an id of 257 bytes', `<artist><id>${'1'.repeat(257)}</id></artist>`],
  ['an attribute id with white space', '<artist id="1 "><a/></artist>'],
  ['an attribute id with a reference', '<artist id="&amp;"><a/></artist>'],
  ['257 nested elements', `<artist>${'<a>'.repeat(256)}${'</a>'.repeat(256)}</artist>`],
  ['257 nested elements, the last one empty', `<artist>${'<a>'.repeat(255)}<a/>${'</a>'.repeat(255)}</artist>`],
];

/**
 * Checks that the kernel stops at the item, alone and between good records, at any alignment, and reads what precedes
 * it.
 */
function expectIrregular(xml: string): void {
  for (const before of ['', GOOD, GOOD.repeat(3), `${' '.repeat(13)}${GOOD}`]) {
    for (const after of ['', '\n', GOOD.repeat(2)]) {
      const start = Buffer.byteLength(before);
      const good = before.split('good').length - 1;
      expect(checkBlock(kernel, 'artists', before + xml + after)).toEqual({
        status: 'irregular',
        offset: start,
        records: good,
      });
    }
  }
}

describe('irregular', () => {
  it.each(IRREGULAR)('is %s', (_, xml) => expectIrregular(xml));

  it.each(BAD_REFERENCES)('is the reference %s', (reference) => {
    expectIrregular(`<artist><a>${reference}</a></artist>`);
    expectIrregular(`<artist><a>text of more than sixteen bytes ${reference} and as many after it</a></artist>`);
    expectIrregular(`<artist a="${reference}"/>`);
    expectIrregular(`<artist><a b='text of more than sixteen bytes ${reference} and as many after it'/></artist>`);
  });

  it('is every control character except tab and line ends, at every position', () => {
    for (let code = 0; code < 0x20; code++) {
      if ([9, 10, 13].includes(code)) continue;
      const character = String.fromCharCode(code);
      for (let position = 0; position < 36; position += 5) {
        const text = `${'x'.repeat(position)}${character}${'y'.repeat(20)}`;
        for (const xml of [`<artist><a>${text}</a></artist>`, `<artist a="${text}"/>`, `<artist a='${text}'/>`]) {
          expect(checkBlock(kernel, 'artists', GOOD + xml + GOOD)).toEqual({
            status: 'irregular',
            offset: GOOD.length,
            records: 1,
          });
        }
      }
      expect(checkBlock(kernel, 'artists', `${GOOD}<artist><a${character}/></artist>`).status).toBe('irregular');
      expect(checkBlock(kernel, 'artists', `${GOOD}<artist><a${character}="1"/></artist>`).status).toBe('irregular');
      expect(checkBlock(kernel, 'artists', `${GOOD}${character}${GOOD}`).status).toBe('irregular');
    }
  });

  it('is an end tag between records, also if the kernel’s tables contain a regular record', () => {
    for (const tag of ['</artist>', '</artists>', '</>', '</ >']) {
      const own = kernelFor('artists');
      for (const before of [GOOD, GOOD, '']) {
        const seen = checkBlock(own, 'artists', before + tag + before);
        expect(seen).toMatchObject({ status: 'irregular', offset: before.length });
      }
    }
  });

  it('is an end tag that differs from its name by one byte, at every length', () => {
    for (let length = 1; length < 40; length++) {
      const name = 'nameOfAnElement-of-some-considerable-length'.slice(0, length);
      for (const end of [
        `/${name}x`,
        `/${name.slice(0, -1)}`,
        `/${name.slice(0, -1)}X`,
        `/X${name.slice(1)}`,
        name,
        `//${name}`,
      ]) {
        for (const content of ['', 'text', 'text of more than sixteen bytes']) {
          const xml = `<artist><${name}>${content}<${end}></artist>`;
          expect(checkBlock(kernel, 'artists', xml + GOOD), xml).toEqual({
            status: 'irregular',
            offset: 0,
            records: 0,
          });
        }
      }
    }
  });

  it('is an added id that is empty', () => {
    const own = kernelFor('releases');
    expect(checkBlock(own, 'releases', '<release id=""><a/></release>').status).toBe('irregular');
  });

  it('is every byte that names cannot contain, at the start, middle and end of a name', () => {
    for (let code = 0x21; code < 0x100; code++) {
      const character = String.fromCharCode(code);
      if (/[A-Za-z0-9_:.\-/>]/.test(character)) continue;
      for (const name of [
        [character],
        ['a', character],
        ['a', character, 'b'],
        ['long-name-of-18-b', character, 'x'],
      ]) {
        const bytes = Buffer.from(`<artist><${name.join('')}>x</${name.join('')}></artist>`, 'latin1');
        expect(checkBlock(kernel, 'artists', bytes).status).toBe('irregular');
      }
    }
  });
});

describe('limits', () => {
  it('maxDepth is respected', () => {
    const shallow = kernelFor({ dataType: 'artists', maxDepth: 3 });
    const nested = (depth: number): Buffer =>
      Buffer.from(`<artist>${'<a>'.repeat(depth - 1)}x${'</a>'.repeat(depth - 1)}</artist>`);
    shallow.load(nested(3));
    expect(shallow.run(0, 'count').records).toBe(1);
    shallow.load(nested(4));
    expect(shallow.run(0, 'count')).toMatchObject({ status: 'irregular', offset: 0, records: 0 });
    shallow.load(Buffer.from('<artist><a><b/></a></artist><artist><a><b><c/></b></a></artist>'));
    expect(shallow.run(0, 'count')).toMatchObject({ status: 'irregular', offset: 28, records: 1 });
  });

  it('maxRecordBytes is respected', () => {
    const small = kernelFor({ dataType: 'artists', maxRecordBytes: GOOD.length - 1 });
    small.load(Buffer.from(GOOD));
    expect(small.run(0, 'count')).toMatchObject({ status: 'incomplete', records: 1 });
    const longer = GOOD.replace('good', 'goods');
    small.load(Buffer.from(GOOD + longer));
    expect(small.run(0, 'count')).toMatchObject({ status: 'irregular', offset: GOOD.length, records: 1 });
    // Too long already, although its end is not loaded.
    const longest = GOOD.replace('good', 'x'.repeat(100));
    small.load(Buffer.from(longest.slice(0, GOOD.length)));
    expect(small.run(0, 'count')).toMatchObject({ status: 'irregular', offset: 0 });
    small.load(Buffer.from(longest.slice(0, GOOD.length - 1)));
    expect(small.run(0, 'count')).toMatchObject({ status: 'incomplete', offset: 0 });
  });

  it('a record over 8 MiB is irregular, complete or not, with any options', () => {
    const big = kernelFor({ dataType: 'artists', maxRecordBytes: 64 * 1024 * 1024, maxDepth: 1000 });
    const eight = 8 * 1024 * 1024;
    const record = Buffer.alloc(eight + 1, 'x');
    record.write('<artist><a>');
    record.write('</a></artist>', eight - 13);
    big.load(record.subarray(0, eight));
    expect(big.run(0, 'json')).toMatchObject({ status: 'incomplete', offset: eight, records: 1 });
    record.fill('x', eight - 13).write('</a></artist>', eight - 12);
    big.load(record);
    expect(big.run(0, 'json')).toMatchObject({ status: 'irregular', offset: 0 });
    big.load(record.subarray(0, -1));
    expect(big.run(0, 'json')).toMatchObject({ status: 'incomplete', offset: 0 });
  });

  it('a record can have 255 names, a block any number', () => {
    const record = (from: number, count: number): string =>
      `<artist>${Array.from({ length: count }, (_, index) => `<n${from + index}/>`).join('')}</artist>\n`;
    // The names `artist` and `id`, which the kernel interns itself, count as well.
    expect(checkBlock(kernelFor('artists'), 'artists', record(0, 253)).status).toBe('incomplete');
    const own = kernelFor('artists');
    own.load(Buffer.from(record(0, 254)));
    expect(own.run(0, 'json').status).toBe('irregular');
    const block = Array.from({ length: 20 }, (_, index) => record(150 * index, 200)).join('');
    expect(checkBlock(own, 'artists', block)).toEqual({ status: 'incomplete', offset: block.length, records: 20 });
  });

  it('a record with more than 262,144 elements or attributes is irregular', () => {
    const own = kernelFor('artists');
    const limit = 1 << 18;
    own.load(Buffer.from(`<artist>${'<a/>'.repeat(limit - 1)}</artist>`));
    expect(own.run(0, 'messages')).toMatchObject({ status: 'incomplete', records: 1 });
    own.load(Buffer.from(`<artist>${'<a/>'.repeat(limit)}</artist>`));
    expect(own.run(0, 'messages')).toMatchObject({ status: 'irregular', offset: 0 });
    own.load(Buffer.from(`<artist>${'<a b="" c="" d="" e=""/>'.repeat(limit / 4)}</artist>`));
    expect(own.run(0, 'messages')).toMatchObject({ status: 'incomplete', records: 1 });
    own.load(Buffer.from(`<artist>${'<a b="" c="" d="" e=""/>'.repeat(limit / 4)}<a b=""/></artist>`));
    expect(own.run(0, 'messages')).toMatchObject({ status: 'irregular', offset: 0 });
  });
});
