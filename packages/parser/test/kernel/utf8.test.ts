import { isUtf8 } from 'node:buffer';
import { expect, it } from 'vitest';
import { kernelFor } from './harness.js';

const kernel = kernelFor('artists');

/** A text of 240 bytes, all ASCII: several of the 64-byte steps that skip ASCII. */
const PREFIX = '<artist><a>';
const TEXT_BYTES = 240;
const record = Buffer.from(`${PREFIX}${'x'.repeat(TEXT_BYTES)}</a></artist>`);

/** Whether the kernel accepts the bytes at some position in the text, and whether they are valid UTF-8. */
function judge(bytes: readonly number[], shift: number): { regular: boolean; valid: boolean } {
  const start = PREFIX.length + (shift % (TEXT_BYTES - bytes.length + 1));
  const copy = Buffer.from(record);
  copy.set(bytes, start);
  kernel.load(copy);
  const run = kernel.run(0, 'count');
  // No assertion here: there are 300,000 calls.
  return { regular: run.status === 'incomplete' && run.offset === copy.length, valid: isUtf8(copy) };
}

/** The bytes at both sides of every boundary in UTF-8. */
const BOUNDARIES = [
  ...[0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1],
  ...[0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff],
];

it('accepts valid UTF-8 and nothing else: all pairs of bytes', () => {
  let wrong = 0;
  let valid = 0;
  for (let first = 0x80; first < 0x100; first++) {
    for (let second = 0x40; second < 0x100; second++) {
      if (second === 0x5c) continue;
      const verdict = judge([first, second], first * 7 + second);
      if (verdict.valid) valid++;
      if (verdict.regular !== verdict.valid) wrong++;
    }
  }
  expect([valid, wrong]).toEqual([30 * 64, 0]);
});

it('accepts valid UTF-8 and nothing else: three and four bytes at every boundary', () => {
  let wrong = 0;
  let count = 0;
  for (const first of BOUNDARIES) {
    for (const second of BOUNDARIES) {
      for (const third of BOUNDARIES) {
        const three = judge([first, second, third], count++);
        if (three.regular !== three.valid) wrong++;
        if (first < 0xe0) continue;
        for (const fourth of BOUNDARIES) {
          const four = judge([first, second, third, fourth], count++);
          if (four.regular !== four.valid) wrong++;
        }
      }
    }
  }
  expect(wrong).toBe(0);
});

it('detects an invalid sequence at every position, also at the end of the text', () => {
  const sequences = [
    '80',
    'bf',
    'c0 80',
    'c3',
    'e2 82',
    'ed a0 80',
    'f0 9f 9a',
    'f0 80 80 80',
    'f4 90 80 80',
    'ff',
    'f5 80 80 80',
  ];
  for (const sequence of sequences) {
    const bytes = sequence.split(' ').map((digits) => Number.parseInt(digits, 16));
    for (let shift = 0; shift <= TEXT_BYTES - bytes.length; shift++) {
      expect(judge(bytes, shift)).toEqual({ regular: false, valid: false });
    }
  }
  // A sequence whose bytes have ASCII between them, which the kernel skips.
  for (const [lead, rest] of [
    ['c3', 'a9'],
    ['e2', '82 ac'],
    ['f0 9f', '9a 80'],
  ] as const) {
    for (const gap of [1, 16, 48, 64, 128]) {
      const bytes = [
        ...Buffer.from(lead.replace(' ', ''), 'hex'),
        ...Buffer.alloc(gap, 'x'),
        ...Buffer.from(rest.replace(' ', ''), 'hex'),
      ];
      for (let shift = 0; shift <= TEXT_BYTES - bytes.length; shift++) {
        expect(judge(bytes, shift)).toEqual({ regular: false, valid: false });
      }
    }
  }
  for (const text of ['é', '日', '🚀', '\u{10ffff}', '\ud7ff', '\ue000', '🚀é日é🚀']) {
    const bytes = [...Buffer.from(text)];
    for (let shift = 0; shift <= TEXT_BYTES - bytes.length; shift++) {
      expect(judge(bytes, shift)).toEqual({ regular: true, valid: true });
    }
  }
});

it('validates each record on its own', () => {
  const good = '<artist><a>日本é🚀</a></artist>';
  const block = Buffer.concat([Buffer.from(good), Buffer.from(good.replace('é', '\xff'), 'latin1'), Buffer.from(good)]);
  kernel.load(block);
  expect(kernel.run(0, 'count')).toMatchObject({ status: 'irregular', offset: Buffer.byteLength(good), records: 1 });
  // Bytes after a record, even part of a character, do not matter to it.
  kernel.load(Buffer.concat([Buffer.from(good), Buffer.of(0xe6)]));
  expect(kernel.run(0, 'count')).toMatchObject({ status: 'irregular', offset: Buffer.byteLength(good), records: 1 });
});
