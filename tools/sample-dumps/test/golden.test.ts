import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { DATA_TYPES, ERAS } from '../src/index.js';
import { GOLDEN } from './golden.js';
import { collect } from './helpers.js';

// The XML must be the same on every machine, Node version and day. After an intended change of the generator, copy the
// received table to golden.ts.
test('the XML of 60 records of each type and era has not changed', async () => {
  const hashes: Record<string, string> = {};
  for (const era of ERAS) {
    for (const type of DATA_TYPES) {
      const xml = await collect({ type, seed: 'golden', era, records: 60 });
      hashes[`${era} ${type}`] = createHash('sha256').update(xml).digest('hex');
    }
  }
  expect(hashes).toEqual(GOLDEN);
});
