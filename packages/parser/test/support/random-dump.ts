import fc from 'fast-check';

/*
 * Dumps to compare engines on: mostly content as in real dumps, sometimes anything else that is possible in its place.
 */

/** How unusual a dump is. */
interface Oddness {
  /** The weight of unusual content in records, from 0 (none) up. */
  odd: number;
  /** Whether some of it breaks records, or is between them. */
  breaks: boolean;
}

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
  'A',
  'x-1.b',
];

const name = ({ odd }: Oddness): fc.Arbitrary<string> => fc.constantFrom(...NAMES, ...(odd > 0 ? ['é'] : []));

const word = fc.constantFrom(
  'x',
  'Rock',
  '12',
  ' ',
  '\n',
  '\r\n',
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
  '&#11;',
  '&#x1F;',
  '&#xFFFE;',
  '&#x110000;',
  '&#X41;',
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

const piece = ({ odd, breaks }: Oddness): fc.Arbitrary<string> =>
  fc.oneof(
    { arbitrary: word, weight: 30 },
    { arbitrary: regularText, weight: 8 },
    { arbitrary: irregularText, weight: odd },
    { arbitrary: markup, weight: odd },
    { arbitrary: breakage, weight: breaks ? 1 : 0 },
  );

const text = (oddness: Oddness): fc.Arbitrary<string> =>
  fc.array(piece(oddness), { maxLength: 4 }).map((pieces) => pieces.join(''));

const value = ({ odd }: Oddness): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        { arbitrary: word, weight: 8 },
        { arbitrary: regularText, weight: 3 },
        { arbitrary: fc.constantFrom('>', '/>', '\t'), weight: 1 },
        { arbitrary: irregularText, weight: Math.min(odd, 1) },
        { arbitrary: fc.constantFrom('<', '<label>', '</label>'), weight: Math.min(odd, 1) },
      ),
      { maxLength: 3 },
    )
    .map((parts) => parts.join('').replaceAll('"', ''));

const attributes = (oddness: Oddness): fc.Arbitrary<string> =>
  fc
    .uniqueArray(fc.tuple(name(oddness), value(oddness)), { maxLength: 3, selector: ([key]) => key })
    .map((pairs) => pairs.map(([key, content]) => ` ${key}="${content}"`).join(''));

const leadingText = fc.constantFrom('', '', '', '', '\n  ', ' x ');

const element = (oddness: Oddness): fc.Arbitrary<string> =>
  fc.letrec<{ element: string }>((tie) => ({
    element: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc
        .tuple(name(oddness), attributes(oddness), text(oddness))
        .map(([tag, attrs, content]) => (content === '' ? `<${tag}${attrs}/>` : `<${tag}${attrs}>${content}</${tag}>`)),
      fc
        .tuple(
          name(oddness),
          attributes(oddness),
          leadingText,
          fc.array(tie('element'), { maxLength: 4 }),
          text(oddness),
        )
        .map(
          ([tag, attrs, leading, children, content]) =>
            `<${tag}${attrs}>${leading}${children.join('')}${content}</${tag}>`,
        ),
    ),
  })).element;

const record = (oddness: Oddness): fc.Arbitrary<string> =>
  fc
    .tuple(fc.boolean(), attributes(oddness), fc.nat(99), fc.array(element(oddness), { maxLength: 5 }))
    .map(
      ([hasId, attrs, id, children]) => `<label${attrs}>${hasId ? `<id>${id}</id>` : ''}${children.join('')}</label>`,
    );

const between = ({ odd, breaks }: Oddness): fc.Arbitrary<string> =>
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
      weight: breaks ? odd : 0,
    },
  );

/** A dump of labels; `odd` is the weight of unusual content, from 0 (none) up. */
export const labelsDump = (odd: number): fc.Arbitrary<Buffer> => dumpOf({ odd, breaks: odd > 0 });

/** A dump of labels in which everything unusual is well-formed and inside records. */
export const wellFormedDump = (odd: number): fc.Arbitrary<Buffer> => dumpOf({ odd, breaks: false });

const dumpOf = (oddness: Oddness): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      fc.array(fc.tuple(between(oddness), record(oddness)), { maxLength: 12 }),
      fc.constantFrom(
        '<labels>',
        '<labels>\n',
        '<?xml version="1.0"?>\n<labels a="b">\n  ',
        oddness.breaks ? '' : '<labels>',
      ),
      fc.constantFrom(
        '\n</labels>\n',
        '</labels>',
        oddness.breaks ? '' : '</labels>',
        oddness.breaks ? '</labels> more' : '</labels>',
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
