import { isUtf8 } from 'node:buffer';
import { expect, it } from 'vitest';
import { kernelFor } from './harness.js';

const kernel = kernelFor('artists');

/** Room for 240 bytes of text, all ASCII to begin with: several of the 64-byte steps that pass over ASCII. */
const PREFIX = '<artist><a>';
const TEXT_BYTES = 240;
const record = Buffer.from(`${PREFIX}${'x'.repeat(TEXT_BYTES)}</a></artist>`);

/** Whether the kernel takes the bytes, put somewhere into the text, and whether they are UTF-8. */
function judge(bytes: readonly number[], shift: number): { regular: boolean; valid: boolean } {
  const start = PREFIX.length + (shift % (TEXT_BYTES - bytes.length + 1));
  const copy = Buffer.from(record);
  copy.set(bytes, start);
  kernel.load(copy);
  const run = kernel.run(0, 'count');
  // Counted as regular only where all was read; no assertion here, there are 300,000 calls.
  return { regular: run.status === 'incomplete' && run.offset === copy.length, valid: isUtf8(copy) };
}

/** Both sides of every border that UTF-8 draws between bytes. */
const BORDERS = [
  ...[0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1],
  ...[0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff],
];

it('takes valid UTF-8 and nothing else: all pairs of bytes', () => {
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

it('takes valid UTF-8 and nothing else: all of three and four bytes around every border', () => {
  let wrong = 0;
  let count = 0;
  for (const first of BORDERS) {
    for (const second of BORDERS) {
      for (const third of BORDERS) {
        const three = judge([first, second, third], count++);
        if (three.regular !== three.valid) wrong++;
        if (first < 0xe0) continue;
        for (const fourth of BORDERS) {
          const four = judge([first, second, third, fourth], count++);
          if (four.regular !== four.valid) wrong++;
        }
      }
    }
  }
  expect(wrong).toBe(0);
});

it('finds a bad sequence at every place, also cut off by the end of text', () => {
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
  // A sequence whose bytes stand apart, with ASCII between them that the kernel steps over.
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

it('judges each record by itself', () => {
  const good = '<artist><a>日本é🚀</a></artist>';
  const block = Buffer.concat([Buffer.from(good), Buffer.from(good.replace('é', '\xff'), 'latin1'), Buffer.from(good)]);
  kernel.load(block);
  expect(kernel.run(0, 'count')).toMatchObject({ status: 'irregular', offset: Buffer.byteLength(good), records: 1 });
  // What follows a record, even half a character, is not its concern.
  kernel.load(Buffer.concat([Buffer.from(good), Buffer.of(0xe6)]));
  expect(kernel.run(0, 'count')).toMatchObject({ status: 'irregular', offset: Buffer.byteLength(good), records: 1 });
});
