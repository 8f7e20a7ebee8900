import fc from 'fast-check';

/*
 * Dumps to compare engines on: mostly content as in real dumps, sometimes anything else that is possible in its place.
 */

const NAMES = [
  'id',
  'name',
  'label',
  'labels',
  'sublabels',
  'release',
  'a',
  'entity_type',
  'entity_type_name',
  'é',
  'A',
  'x-1.b',
];

const word = fc.constantFrom(
  'x',
  'Rock',
  '12',
  ' ',
  '\n',
  'é',
  '\u{1F3B5}',
  'long text that takes more than sixteen bytes',
  '>',
  "'",
  '"',
  '\\',
);

/** Text that is regular. */
const regularText = fc.constantFrom(
  '&amp;',
  '&lt;',
  '&gt;',
  '&quot;',
  '&apos;',
  '&#13;',
  '&#228;',
  '&#xE4;',
  '&#x1F3B5;',
  '&#160;',
);

/** Text that is counted as an irregularity. */
const irregularText = fc.constantFrom(
  '&',
  '& ',
  '&nbsp;',
  '&#0;',
  '&#xD800;',
  '&#x;',
  '&amp',
  '\u0000',
  '\u0001',
  '\u0085',
  '\uFEFF',
  '&&amp;',
);

const markup = fc.constantFrom('<!-- c -->', '<!---->', '<![CDATA[<&]]>', '<![CDATA[]]>', '<?p ?>', '<??>');

/** Text that breaks records, or looks as if it did. */
const breakage = fc.constantFrom(
  '<',
  '< ',
  '</',
  '<!',
  '<!x>',
  '<a b',
  '<a b="',
  '<a b=c>',
  '</x>',
  '</label>',
  '<label>',
  '<label id="1">',
  '</labels>',
  '<labels>',
  '</labels>\n<labels>\n',
  '</labels><label><id>8</id></label>',
  ']]>',
  '-->',
  '<!--',
  '<a a="1" a="2"/>',
  '<a b="1"c="2"/>',
  '<1>',
  '=',
  '/',
  '"',
  '\n<label>',
  '</label>\n<label><id>7</id></label>\n',
);

const piece = (odd: number): fc.Arbitrary<string> =>
  fc.oneof(
    { arbitrary: word, weight: 30 },
    { arbitrary: regularText, weight: 8 },
    { arbitrary: irregularText, weight: odd },
    { arbitrary: markup, weight: odd },
    { arbitrary: breakage, weight: odd === 0 ? 0 : 1 },
  );

const text = (odd: number): fc.Arbitrary<string> =>
  fc.array(piece(odd), { maxLength: 4 }).map((pieces) => pieces.join(''));

const value = fc
  .array(
    fc.oneof(
      { arbitrary: word, weight: 8 },
      { arbitrary: regularText, weight: 3 },
      { arbitrary: irregularText, weight: 1 },
      { arbitrary: fc.constantFrom('<', '>', '/>', '<label>', '</label>', '\t'), weight: 1 },
    ),
    { maxLength: 3 },
  )
  .map((parts) => parts.join('').replaceAll('"', ''));

const attributes = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 3, selector: ([name]) => name })
  .map((pairs) => pairs.map(([name, content]) => ` ${name}="${content}"`).join(''));

const element = (odd: number): fc.Arbitrary<string> =>
  fc.letrec<{ element: string }>((tie) => ({
    element: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc
        .tuple(fc.constantFrom(...NAMES), attributes, text(odd))
        .map(([name, attrs, content]) =>
          content === '' ? `<${name}${attrs}/>` : `<${name}${attrs}>${content}</${name}>`,
        ),
      fc
        .tuple(fc.constantFrom(...NAMES), attributes, fc.array(tie('element'), { maxLength: 4 }), text(odd))
        .map(([name, attrs, children, content]) => `<${name}${attrs}>${children.join('')}${content}</${name}>`),
    ),
  })).element;

const record = (odd: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.boolean(), attributes, fc.nat(99), fc.array(element(odd), { maxLength: 5 }))
    .map(
      ([hasId, attrs, id, children]) => `<label${attrs}>${hasId ? `<id>${id}</id>` : ''}${children.join('')}</label>`,
    );

const between = (odd: number): fc.Arbitrary<string> =>
  fc.oneof(
    { arbitrary: fc.constant('\n'), weight: 20 },
    { arbitrary: fc.constant(''), weight: 3 },
    { arbitrary: fc.constantFrom(' ', '\n\n', '\r\n', '\n  '), weight: 2 },
    {
      arbitrary: fc.constantFrom(
        '<!-- <label> -->',
        '<?p?>',
        'stray',
        '<foreign><label/></foreign>',
        '<label/>',
        '</x>',
        '<!X>',
      ),
      weight: odd,
    },
  );

/** A dump of labels; `odd` is the weight of unusual content, from 0 (none) up. */
export const labelsDump = (odd: number): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      fc.array(fc.tuple(between(odd), record(odd)), { maxLength: 12 }),
      fc.constantFrom('<labels>', '<labels>\n', '<?xml version="1.0"?>\n<labels a="b">\n  ', odd > 0 ? '' : '<labels>'),
      fc.constantFrom(
        '\n</labels>\n',
        '</labels>',
        odd > 0 ? '' : '</labels>',
        odd > 0 ? '</labels> more' : '</labels>',
      ),
    )
    .map(([records, start, end]) => Buffer.from(start + records.map((pair) => pair.join('')).join('') + end));

/** Changes, removes or inserts bytes anywhere. */
export const damaged = (dump: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      dump,
      fc.array(
        fc.tuple(
          fc.nat(),
          fc.nat(3),
          fc.uint8Array({ maxLength: 3 }),
          fc.constantFrom('', '<', '>', '/', '"', '&', '\n', '</label>', '<label>', '\xff'),
        ),
        { maxLength: 3 },
      ),
    )
    .map(([bytes, changes]) => {
      let result = bytes;
      for (const [at, remove, random, known] of changes) {
        const start = result.length === 0 ? 0 : at % result.length;
        const put = known === '' ? Buffer.from(random) : Buffer.from(known, 'latin1');
        result = Buffer.concat([result.subarray(0, start), put, result.subarray(start + remove)]);
      }
      return result;
    });
