import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { TABLE_WIDTH } from '../../src/record/message-layout.js';
import { checkBlock, kernelFor } from './harness.js';

/** Labels of different `size` have JSON of different length. */
const labelOf = (size: number): string => `<label><name>${'é'.repeat(size % 3)}${'x'.repeat(size)}</name></label>`;

/** Short records are hashed four at a time, each with others of any length; long ones one by one. */
const LENGTHS = Array.from({ length: 600 }, (_, index) => (index * 7) % 600);

test('records of every length are hashed in messages, however many there are', () => {
  const kernel = kernelFor('labels');
  for (const count of [0, 1, 2, 3, 4, 5, 6, 7, LENGTHS.length]) {
    const xml = LENGTHS.slice(0, count).map(labelOf).join('\n');
    expect(checkBlock(kernel, 'labels', xml).records).toBe(count);
  }
});

test('records of every length are hashed next to their JSON', () => {
  const kernel = kernelFor('labels');
  kernel.load(Buffer.from(LENGTHS.map(labelOf).join('')));
  const { output, table, records } = kernel.run(0, 'json');
  const expected = LENGTHS.map((_, index) => {
    const [start, end] = table.subarray(index * TABLE_WIDTH);
    return createHash('sha256').update(output.subarray(start, end)).digest('hex');
  });
  expect(Buffer.from(kernel.hashLines(records)).toString()).toBe(expected.join(''));
});
