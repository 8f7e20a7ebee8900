import sax from 'sax';
import { describe, expect, test } from 'vitest';
import { DATA_TYPES, ERAS } from '../src/index.js';
import { collect } from './helpers.js';

const RECORDS = 600;

/** Throws if the XML is not well-formed. */
const readStrictly = (xml: string): void => {
  const parser = sax.parser(true);
  parser.onerror = (error) => {
    throw error;
  };
  parser.write(xml).close();
};

const xmlOf = async (
  type: (typeof DATA_TYPES)[number],
  era: (typeof ERAS)[number],
  records = RECORDS,
): Promise<string> => (await collect({ type, seed: 'eras', era, records })).toString();

describe.each(ERAS.filter((era) => era !== '2008'))('the era %s', (era) => {
  test.each(DATA_TYPES)('%s are well-formed, valid UTF-8 and free of control characters', async (type) => {
    // Releases are several times as long as other records.
    const records = type === 'releases' ? RECORDS / 4 : RECORDS / 2;
    const bytes = await collect({ type, seed: 'eras', era, records });
    const xml = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    readStrictly(xml);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(/[\0-\x08\x0b-\x1f\x7f\u{fffe}\u{ffff}\u{e000}-\u{f8ff}]/u.test(xml)).toBe(false);
    expect(/&(?!amp;|lt;|gt;|quot;|#\d+;|#x[0-9A-F]+;)/.test(xml)).toBe(false);
  });
});

describe('the era 2008', () => {
  test.each(DATA_TYPES)('%s have no root element', async (type) => {
    const xml = await xmlOf(type, '2008', 20);
    expect(xml.startsWith(`<${type.slice(0, -1)}`)).toBe(true);
    expect(xml).not.toContain(`</${type}>\n<`);
    expect(() => readStrictly(xml)).toThrow();
  });

  test('has each of the irregularities, and each rarely', async () => {
    const bytes = await collect({ type: 'releases', seed: 'eras', era: '2008', records: RECORDS });
    const text = bytes.toString('latin1');
    const counts = {
      bareAmpersand: text.match(/ & /g)?.length ?? 0,
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
      control: text.match(/[\x0b\x1f]/g)?.length ?? 0,
      reference: text.match(/&#x1F;/g)?.length ?? 0,
      invalid: text.match(/\xe9</g)?.length ?? 0,
    };
    for (const count of Object.values(counts)) {
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThan(RECORDS / 2);
    }
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes)).toThrow();
  });

  test('has neither sub_tracks nor is_main_release', async () => {
    const xml = await xmlOf('releases', '2008');
    expect(xml).not.toContain('sub_tracks');
    expect(xml).not.toContain('is_main_release');
  });
});

describe('eras', () => {
  test('have image addresses until 2014, blank ones until 2023, no images from 2024', async () => {
    for (const era of ERAS) {
      const xml = await xmlOf('masters', era, 50);
      expect([era, xml.includes('uri="http')]).toEqual([era, era <= '2014']);
      expect([era, xml.includes(' uri="" ')]).toEqual([era, era >= '2015' && era <= '2023']);
      expect([era, xml.includes('<images>')]).toEqual([era, era <= '2023']);
    }
  });

  test('have sub_tracks from 2014, is_main_release from 2017, series in 2025', async () => {
    for (const era of ERAS) {
      const xml = await xmlOf('releases', era, 300);
      expect([era, xml.includes('<sub_tracks><track>')]).toEqual([era, era >= '2014']);
      expect([era, xml.includes('<master_id is_main_release="true">')]).toEqual([era, era >= '2017']);
      expect([era, /<series><series [^>]+\/>/.test(xml)]).toEqual([era, era === '2025']);
    }
  });

  test('write empty elements as closed, in 2023 with white space, and omit them in 2025', async () => {
    for (const era of ERAS) {
      const xml = await xmlOf('releases', era, 50);
      expect([era, xml.includes('<anv/>')]).toEqual([era, era !== '2023' && era !== '2025']);
      expect([era, xml.includes('<anv>\n</anv>')]).toEqual([era, era === '2023']);
      expect([era, xml.includes(' text=""')]).toEqual([era, era !== '2025']);
    }
  });

  test('have members with id elements until 2024', async () => {
    for (const era of ERAS) {
      const xml = await xmlOf('artists', era);
      expect([era, /<members><id>(\d+)<\/id><name id="\1">/.test(xml)]).toEqual([era, era !== '2025']);
      expect([era, xml.includes('<members><name id=')]).toEqual([era, era === '2025']);
    }
  });

  test('lack some names and ids from 2024', async () => {
    for (const era of ERAS) {
      for (const type of ['artists', 'labels'] as const) {
        const xml = await xmlOf(type, era, 4000);
        expect([era, /<id>\d+<\/id>(?!<name)/.test(xml.replace(/<members>.*?<\/members>/g, ''))]).toEqual([
          era,
          era >= '2024',
        ]);
      }
      const xml = await xmlOf('releases', era, 100);
      expect([era, xml.includes('<artist><id/>')]).toEqual([era, era === '2024']);
      expect([era, xml.includes('<artist><name>')]).toEqual([era, era === '2025']);
    }
  });

  test('have a stable attribute order until 2024', async () => {
    for (const era of ERAS) {
      const orders = new Set<string>();
      for (const [, tag] of (await xmlOf('releases', era, 50)).matchAll(/<label ([^>]+)>/g)) {
        orders.add(tag!.replace(/="[^"]*"/g, ''));
      }
      expect([era, orders.size > 1]).toEqual([era, era === '2025']);
    }
  });

  test('write references in 2020 and UTF-8 otherwise, unless an option says differently', async () => {
    for (const era of ERAS) {
      const xml = await xmlOf('masters', era, 200);
      expect([era, /[\x80-\uffff]/.test(xml)]).toEqual([era, era !== '2020']);
    }
    const options = { type: 'masters', seed: 'eras', records: 200 } as const;
    expect((await collect({ ...options, characters: 'utf8' })).toString()).toMatch(/[\x80-\uffff]/);
    expect((await collect({ ...options, era: '2025', characters: 'references' })).toString()).not.toMatch(
      /[\x80-\uffff]/,
    );
  });

  test('nest label elements in label records', async () => {
    for (const era of ERAS) expect(await xmlOf('labels', era)).toMatch(/<sublabels><label id="\d+">[^<]+<\/label>/);
  });
});
