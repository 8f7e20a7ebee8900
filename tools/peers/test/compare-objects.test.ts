import { DATA_TYPES } from '@discogs-extractor/parser';
import { generateXml } from '@discogs-extractor/sample-dumps';
import { expect, test } from 'vitest';
import { compareObjects } from '../src/compare-objects.mjs';
import { createSaxPeer } from '../src/sax.mjs';

const RECORDS = 10;

const generate = async (type: (typeof DATA_TYPES)[number]): Promise<string> => {
  const blocks: Buffer[] = [];
  for await (const block of generateXml({ type, seed: 7, records: RECORDS })) blocks.push(block);
  return Buffer.concat(blocks).toString();
};

test.each(DATA_TYPES)('all peers make the same objects of %s as parseRecords', async (type) => {
  expect(await compareObjects(await generate(type), type)).toBe(RECORDS);
});

const XML = `<?xml version="1.0"?>
<artists>
<artist><id>1</id><name> A &amp;amp; B&#13;
 </name><urls><url>u</url></urls><realname></realname></artist>
<artist><id>2</id><name a="" b=" &#x22;x ">N</name><images><image uri=""/><image uri="&lt;"/><image/></images><profile>
</profile></artist>
</artists>
`;

test('they agree on empty elements, white space, references and repeated names', async () => {
  expect(await compareObjects(XML, 'artists')).toBe(2);
});

test('a parser that makes another object or more records is named', async () => {
  await expect(
    compareObjects(XML, 'artists', {
      changed: (onRecord, type) => createSaxPeer((record) => onRecord({ ...(record as object), more: '' }), type),
    }),
  ).rejects.toThrow('changed makes another object of record 1 of the artists');
  await expect(
    compareObjects(XML, 'artists', {
      more: (onRecord, type) => ({ ...createSaxPeer(onRecord, type), end: () => onRecord(null) }),
    }),
  ).rejects.toThrow('more finds 3 artists instead of 2');
});
