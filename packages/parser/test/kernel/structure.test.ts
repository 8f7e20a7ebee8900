import { describe, expect, it } from 'vitest';
import { isExhaustive } from '../support/exhaustive.js';
import { checkBlock, jsonOf, kernelFor } from './harness.js';

const kernel = kernelFor('artists');

/** Every order of a list. */
function permutations<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]];
  return list.flatMap((first, index) => permutations(list.toSpliced(index, 1)).map((rest) => [first, ...rest]));
}

describe('the order of keys', () => {
  it.each([
    [['a', 'aa', 'aaa', 'ab', 'b']],
    [['a', 'a-', 'a.', 'a0', 'a9']],
    [['a', 'a:', 'aA', 'a_', 'aa']],
    [['A', 'Z', '_', 'a', 'z']],
    [['exactly_16_bytes', 'exactly_16_bytesx', 'exactly_16_bytesy', 'exactly_16_bytf', 'exactly_15_byte']],
    [['n'.repeat(59), 'n'.repeat(58), 'n'.repeat(31), 'n'.repeat(32), 'n'.repeat(33)]],
  ])('is by bytes: %j', (names) => {
    const sorted = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    // A kernel takes long to create, so that the normal suite tries a fifth of the orders.
    for (const [index, order] of permutations(names).entries()) {
      if (index % 5 !== 0 && !isExhaustive) continue;
      // A new kernel has not interned the names in another order.
      const fresh = kernelFor('artists');
      expect(
        Object.keys(JSON.parse(jsonOf(fresh, `<artist>${order.map((name) => `<${name}/>`).join('')}</artist>`))),
      ).toEqual(sorted);
      const attributes = order.map((name) => `${name}="${name}"`).join(' ');
      expect(jsonOf(fresh, `<artist ${attributes}/>`)).toBe(
        `{${sorted.map((name) => `"@${name}":"${name}"`).join(',')}}`,
      );
    }
  });

  it('puts text first, then attributes, then elements', () => {
    expect(jsonOf(kernel, '<artist><a><b/>text<A/></a><_ Z="1" a="2">x</_></artist>')).toBe(
      '{"_":{"#text":"x","@Z":"1","@a":"2"},"a":{"#text":"text","A":null,"b":null}}',
    );
  });

  it('sorts objects with many members, and keeps children of one name in document order', () => {
    const names = Array.from({ length: 200 }, (_, index) => `n${(index * 77) % 200}`);
    for (const width of [23, 24, 25, 26, 200]) {
      const order = names.slice(0, width);
      for (const list of [order, order.toReversed(), order.toSorted(), [...order, ...order]]) {
        const seen = new Map<string, string[]>();
        const xml = list.map((name, index) => {
          seen.set(name, [...(seen.get(name) ?? []), String(index)]);
          return `<${name}>${index}</${name}>`;
        });
        const expected = [...seen]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, values]) => {
            return `"${name}":${values.length === 1 ? `"${values[0]}"` : JSON.stringify(values)}`;
          });
        expect(jsonOf(kernel, `<artist>${xml.join('')}</artist>`)).toBe(`{${expected.join(',')}}`);
      }
      const attributes = order.map((name) => ` ${name}='${name}'`).join('');
      const expected = order.toSorted().map((name) => `"@${name}":"${name}"`);
      expect(jsonOf(kernel, `<artist${attributes}/>`)).toBe(`{${expected.join(',')}}`);
    }
  });
});

describe('arrays', () => {
  it('contain repeated children, adjacent or not, in document order', () => {
    expect(
      jsonOf(
        kernel,
        '<artist><id>2</id><members><id>26</id><name id="26">Alexi Delano</name><id>27</id><name id="27">Cari Lekebusch</name></members></artist>',
      ),
    ).toBe(
      '{"id":"2","members":{"id":["26","27"],"name":[{"#text":"Alexi Delano","@id":"26"},{"#text":"Cari Lekebusch","@id":"27"}]}}',
    );
  });

  it('can contain null, strings and objects, also with the parent’s name', () => {
    expect(
      jsonOf(
        kernel,
        '<artist><artist/><a/><artist>x</artist><artist b="1"/><artist><artist>y</artist></artist></artist>',
      ),
    ).toBe('{"a":null,"artist":[null,"x",{"@b":"1"},{"artist":"y"}]}');
  });

  it('can have ten thousand elements', () => {
    const xml = `<artist>${'<a>1</a><b/>'.repeat(5000)}</artist>`;
    expect(checkBlock(kernel, 'artists', xml).records).toBe(1);
  });
});

describe('tags', () => {
  it.each([
    ['<artist ><a/></artist>', '{"a":null}'],
    ['<artist><a /></artist>', '{"a":null}'],
    ['<artist><a></a\n></artist \t>', '{"a":null}'],
    ['<artist\n\tb="1"\r\n  c=\'2\'\n/>', '{"@b":"1","@c":"2"}'],
    ['<artist b=""/>', '{"@b":""}'],
    ['<artist b="" ></artist>', '{"@b":""}'],
    ['<artist b=">/&gt;\'"/>', '{"@b":">/>\'"}'],
    ["<artist b='\"'/>", '{"@b":"\\""}'],
    ['<artist b="\n\t\r"/>', '{"@b":"\\n\\t\\r"}'],
    ['<artist b="1" B="2" b.b="3" b-b="4" b:b="5"/>', '{"@B":"2","@b":"1","@b-b":"4","@b.b":"3","@b:b":"5"}'],
    ['<artist><exactly_16_bytes>x</exactly_16_bytes></artist>', '{"exactly_16_bytes":"x"}'],
    ['<artist><exactly_15_byte>x</exactly_15_byte></artist>', '{"exactly_15_byte":"x"}'],
    ['<artist><a b="1"/><c b="2"/><a b="3" c="4"/></artist>', '{"a":[{"@b":"1"},{"@b":"3","@c":"4"}],"c":{"@b":"2"}}'],
  ])('%j', (xml, json) => {
    expect(jsonOf(kernel, xml)).toBe(json);
    checkBlock(kernel, 'artists', xml);
  });

  it('can have names of every length up to 59', () => {
    for (let length = 1; length <= 59; length++) {
      const name = 'nameOfAnElement-0123456789.'.repeat(3).slice(0, length);
      expect(jsonOf(kernel, `<artist><${name} ${name}="1"><${name}>x</${name}></${name}></artist>`)).toBe(
        `{"${name}":{"@${name}":"1","${name}":"x"}}`,
      );
    }
  });

  it('can be nested 256 deep', () => {
    const xml = `<artist>${'<a>'.repeat(255)}x${'</a>'.repeat(255)}</artist>`;
    expect(checkBlock(kernel, 'artists', xml)).toEqual({ status: 'incomplete', offset: xml.length, records: 1 });
  });
});

describe('messages', () => {
  it.each([
    ['releases', '<release id="1"><title>T</title></release>'],
    ['releases', '<release id="1"/>'],
    ['releases', '<release><id/><title/></release>'],
    ['releases', '<release><a/><id></id></release>'],
    ['releases', '<release a="1"><id/><z/></release>'],
    ['releases', '<release><id>3</id><z/></release>'],
    ['releases', '<release a="1"/>'],
    [
      'masters',
      '<master id="9"><title>A &amp; B</title><genres><genre>Rock</genre><genre>Pop</genre></genres><notes/></master>',
    ],
    ['masters', '<master><title>A</title></master>'],
    ['masters', '<master id="9"><zzz/></master>'],
    ['artists', '<artist id="9"><name>A</name></artist>'],
    ['artists', '<artist id=""><name>A</name></artist>'],
    ['artists', '<artist><id>1</id></artist>'],
    ['artists', '<artist><name>A</name><id></id><profile>P</profile></artist>'],
    ['artists', '<artist><aliases><name id="1">A</name></aliases><id>1</id></artist>'],
    ['artists', '<artist><id>1</id><name>A</name></artist>'],
    ['artists', `<artist><id>${'7'.repeat(256)}</id><name>A</name></artist>`],
    [
      'labels',
      `<label><id>x-${'a'.repeat(33)}:;'</id><name>${'text '.repeat(100)}</name><contactinfo>\n&#13;</contactinfo></label>`,
    ],
    ['labels', '<label><name>no id</name></label>'],
  ] as const)('of %s: %j', (dataType, xml) => {
    const own = kernelFor(dataType);
    expect(checkBlock(own, dataType, xml)).toEqual({ status: 'incomplete', offset: xml.length, records: 1 });
    const block = `${xml}\n`.repeat(5);
    expect(checkBlock(own, dataType, block)).toEqual({ status: 'incomplete', offset: block.length, records: 5 });
  });

  it('counts records without an id that is a string', () => {
    const own = kernelFor('labels');
    own.load(Buffer.from('<label><id>1</id></label>\n<label><id/><a/></label> <label><a/></label><label id=""/>'));
    for (const mode of ['messages', 'json'] as const) {
      const run = own.run(0, mode);
      expect([run.unknownIds, ...run.unknowns]).toEqual([2, 1, 2 * 26 + 1, 2, 2 * 51]);
    }
    expect(own.run(0, 'count')).toMatchObject({ records: 4, unknownIds: 0, unknowns: new Int32Array(0) });
  });
});
