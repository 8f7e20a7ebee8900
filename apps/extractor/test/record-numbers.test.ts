import { expect, test } from 'vitest';
import { RecordNumbers } from '../src/sinks/record-numbers.js';

test('without omitted records, messages are records', () => {
  const numbers = new RecordNumbers(10);
  expect([numbers.last, numbers.doneAfter(0)]).toEqual([10, 10]);
  for (const record of [11, 12, 13]) numbers.sent(record);
  numbers.reached(13);
  expect([1, 2, 3].map((message) => numbers.recordOf(message))).toEqual([11, 12, 13]);
  expect([0, 1, 2, 3, 4].map((messages) => numbers.doneAfter(messages))).toEqual([10, 11, 12, 13, 13]);
});

test('omitted records are done once all before them are', () => {
  const numbers = new RecordNumbers(0);
  // 1 and 2, 5, 8 to 20 are omitted.
  for (const record of [3, 4, 6, 7]) numbers.sent(record);
  expect(numbers.doneAfter(4)).toBe(7);
  numbers.reached(20);
  expect([1, 2, 3, 4].map((message) => numbers.recordOf(message))).toEqual([3, 4, 6, 7]);
  expect([0, 1, 2, 3, 4].map((messages) => numbers.doneAfter(messages))).toEqual([2, 3, 5, 6, 20]);
  numbers.sent(21);
  expect([numbers.recordOf(5), numbers.doneAfter(4), numbers.doneAfter(5)]).toEqual([21, 20, 21]);
});

test('a block without a message is done at once if everything before it is', () => {
  const numbers = new RecordNumbers(5);
  numbers.reached(9);
  expect([numbers.last, numbers.doneAfter(0)]).toEqual([9, 9]);
});
