import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DataType } from '../../src/data-type.js';
import { READINGS } from '../../src/reading.js';
import { checkBlock, kernelFor } from './harness.js';
import { readReference } from './reference.js';

const TYPES: readonly DataType[] = ['artists', 'labels', 'masters', 'releases'];
const KERNELS = READINGS.flatMap((reading) =>
  TYPES.map((dataType) => ({ reading, dataType, kernel: kernelFor({ reading, dataType }) })),
);

const name = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('id', 'name', 'a', 'b', 'title', 'artist', 'label', 'A', '_', 'a-b', 'a.b', 'a:b', 'aa'),
  },
  { weight: 1, arbitrary: fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_:.-]{0,40}$/) },
);
const piece = fc.oneof(
  { weight: 5, arbitrary: fc.stringMatching(/^[a-zA-Z0-9 ,;#]{0,24}$/) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...[
        '&amp;',
        '&lt;',
        '&gt;',
        '&quot;',
        '&apos;',
        '&#13;',
        '&#10;\n',
        '&#x2003;',
        '&#160;',
        '&#x1F680;',
        '&#228;',
        '\\',
        '\n',
        '\t',
        '\r\n',
      ],
      ...['é', '日本', '🚀', '\u2003', '\u00a0', '\u3000', '\ufeff', '>', ']]>', '/', '\x7f', '     ', 'ÿ'],
    ),
  },
);
const text = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''));
const space = fc.constantFrom('', '', '', ' ', '\n', '\n  ');
const attribute = fc.tuple(name, text, fc.boolean(), fc.constantFrom(' ', ' ', ' ', '\n\t'));
const attributes = fc
  .uniqueArray(attribute, { selector: ([key]) => key, maxLength: 4 })
  .map((list) =>
    list.map(([key, value, single, before]) => `${before}${key}=${single ? `'${value}'` : `"${value}"`}`).join(''),
  );

const { element } = fc.letrec<{ element: string; content: string }>((tie) => ({
  element: fc
    .tuple(name, attributes, fc.option(tie('content'), { nil: undefined, depthSize: 'small' }), space)
    .map(([tag, list, content, blank]) => {
      const trailing = blank.trim();
      return content === undefined
        ? `<${tag}${list}${blank}/>`
        : `<${tag}${list}${blank}>${content}</${tag}${trailing}>`;
    }),
  content: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'element' },
    fc.oneof(
      text,
      text.map((raw) => raw.replaceAll("'", '"')),
    ),
    fc.array(fc.tuple(tie('element'), space), { maxLength: 4 }).map((list) => list.flat().join('')),
  ),
}));

const digits = fc.stringMatching(/^[0-9]{0,9}$/);
const record = (type: DataType): fc.Arbitrary<string> =>
  fc
    .tuple(
      // A record that has both is irregular.
      fc.oneof(
        { weight: 3, arbitrary: fc.tuple(digits, fc.constant(undefined)) },
        { weight: 3, arbitrary: fc.tuple(fc.constant(undefined), fc.option(digits, { nil: undefined })) },
        { weight: 1, arbitrary: fc.tuple(digits, digits) },
      ),
      fc.array(fc.tuple(element, space), { maxLength: 6 }),
    )
    .map(([[own, child], children]) => {
      const tag = type.slice(0, -1);
      const id = child === undefined ? '' : `<id>${child}</id>`;
      return `<${tag}${own === undefined ? '' : ` id="${own}"`}>${children.flat().join('')}${id}</${tag}>`;
    });

const block = fc.constantFrom(...KERNELS).chain((own) =>
  fc.tuple(
    fc.constant(own),
    fc.array(fc.tuple(record(own.dataType), space), { maxLength: 5 }).map((list) => list.flat().join('')),
  ),
);

const seed = Number(process.env['KERNEL_SEED'] ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env['KERNEL_RUNS'] ?? 300);

it(`reads generated XML like the reference (KERNEL_SEED=${seed})`, () => {
  let regular = 0;
  fc.assert(
    fc.property(block, ([{ kernel, dataType, reading }, xml]) => {
      const seen = checkBlock(kernel, dataType, xml, reading);
      regular += seen.records;
    }),
    { seed, numRuns, endOnFailure: true },
  );
  // Guards against a generator that no longer produces regular records.
  expect(regular).toBeGreaterThan(numRuns / 2);
});

const damage = fc.oneof(
  fc.record({ at: fc.nat(), remove: fc.nat(4), insert: fc.stringMatching(/^[<>/="' &;#ax!?-]{0,4}$/) }),
  fc.record({ at: fc.nat(), remove: fc.nat(1), insert: fc.string({ unit: 'binary', maxLength: 2 }) }),
  fc.record({ at: fc.nat(), remove: fc.nat(40), insert: fc.constant('') }),
);

it(`agrees with the reference on damaged XML (KERNEL_SEED=${seed})`, () => {
  fc.assert(
    fc.property(
      block,
      fc.array(damage, { minLength: 1, maxLength: 2 }),
      ([{ kernel, dataType, reading }, xml], damages) => {
        let bytes = Buffer.from(xml);
        for (const { at, remove, insert } of damages) {
          const start = at % (bytes.length + 1);
          bytes = Buffer.concat([bytes.subarray(0, start), Buffer.from(insert), bytes.subarray(start + remove)]);
        }
        checkBlock(kernel, dataType, bytes, reading);
      },
    ),
    { seed, numRuns, endOnFailure: true },
  );
});

it(`reads the same records however the input is cut (KERNEL_SEED=${seed})`, () => {
  fc.assert(
    fc.property(block, fc.nat(), ([{ kernel, dataType, reading }, xml], at) => {
      const bytes = Buffer.from(xml);
      const cut = at % (bytes.length + 1);
      const whole = readReference(bytes, dataType, reading).records.map((record) => record.json);
      kernel.load(bytes.subarray(0, cut));
      const first = kernel.run(0, 'json');
      const head = Buffer.from(first.output).toString();
      const status = first.status;
      kernel.load(bytes.subarray(first.offset));
      const second = kernel.run(0, 'json');
      expect(head + Buffer.from(second.output).toString()).toBe(whole.map((json) => `${json}\n`).join(''));
      // Irregular before the cut is irregular after it.
      if (status === 'irregular') expect(second).toMatchObject({ status: 'irregular', offset: 0 });
    }),
    { seed, numRuns, endOnFailure: true },
  );
});
