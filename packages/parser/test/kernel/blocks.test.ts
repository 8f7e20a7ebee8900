import { describe, expect, it } from 'vitest';
import { createKernel, MAX_LOAD_BYTES } from '../../src/kernel/kernel.js';
import { isSimdSupported } from '../../src/kernel/webassembly.js';
import { TABLE_WIDTH } from '../../src/record/message-layout.js';
import { checkBlock, kernelFor } from './harness.js';

describe('a block', () => {
  const records = [
    '<release id="1" status="Accepted"><title>A &amp; B</title><exactly_16_bytes>&#x1F680; é 🚀</exactly_16_bytes></release>',
    "<release id='2'><labels><label name=\"a\tb\" catno='&quot;'/></labels><notes>\n&#13;\n</notes ></release >",
    '<release id="3"><an_element_with_a_long_name x="1"><a/></an_element_with_a_long_name></release>',
    '<release id="4"/>',
    // Cut short, the second name of each is the first.
    '<release id="5" i="" id5=""><a a="1" aa="2"/><exactly_16_bytes exactly_16_bytes="" exactly_16_bytes_="" /></release>',
  ];

  it('reads the complete records of a block that ends anywhere', () => {
    const kernel = kernelFor('releases');
    for (const gap of ['', '\n', ' \t\r\n ']) {
      const block = Buffer.from(gap + records.map((record) => record + gap).join(''));
      const ends: number[] = [];
      for (let end = 0; ; ) {
        end = block.indexOf('</release', end + 1);
        if (end < 0) break;
        ends.push(block.indexOf('>', end) + 1);
      }
      ends.push(block.indexOf('"4"/>') + 5);
      ends.sort((a, b) => a - b);
      for (let cut = 0; cut <= block.length; cut++) {
        const whole = ends.filter((end) => end <= cut);
        // White space after the last complete record is consumed, an incomplete record is not.
        let offset = whole.at(-1) ?? 0;
        while (offset < cut && ' \t\r\n'.includes(String.fromCharCode(block[offset]!))) offset++;
        expect(checkBlock(kernel, 'releases', block.subarray(0, cut))).toEqual({
          status: 'incomplete',
          offset,
          records: whole.length,
        });
      }
    }
  });

  it('is not affected by an earlier block', () => {
    const kernel = kernelFor('releases');
    const long = Buffer.from(`<release id="9"><a>${'</a></release>'.repeat(10)}`);
    for (let cut = 0; cut <= records[0]!.length; cut++) {
      kernel.load(long);
      kernel.load(Buffer.from(records[0]!).subarray(0, cut));
      expect(kernel.run(0, 'count').records).toBe(cut === Buffer.byteLength(records[0]!) ? 1 : 0);
    }
  });

  it('can be empty or white space alone', () => {
    const kernel = kernelFor('labels');
    for (const xml of ['', ' ', '\n\n', ' '.repeat(100)]) {
      expect(checkBlock(kernel, 'labels', xml)).toEqual({ status: 'incomplete', offset: xml.length, records: 0 });
    }
  });

  it('is read from a position after irregular content', () => {
    const kernel = kernelFor('releases');
    const block = Buffer.from(`${records[0]}<!-- x -->${records[1]}`);
    kernel.load(block);
    const first = kernel.run(0, 'messages');
    expect(first).toMatchObject({ status: 'irregular', offset: block.indexOf('<!--'), records: 1 });
    const second = kernel.run(first.offset + '<!-- x -->'.length, 'messages');
    expect(second).toMatchObject({ status: 'incomplete', offset: block.length, records: 1 });
    expect(JSON.parse(Buffer.from(second.output).toString()).id).toBe('2');
  });

  it('is read in parts with a record limit', () => {
    const kernel = kernelFor('releases');
    const block = Buffer.from(records.map((record) => `${record}\n`).join(''));
    for (const mode of ['messages', 'json', 'count'] as const) {
      kernel.load(block);
      const whole = Buffer.from(kernel.run(0, mode).output).toString();
      let parts = '';
      let at = 0;
      for (let index = 0; index < records.length; index++) {
        const run = kernel.run(at, mode, 1);
        expect(run).toMatchObject({ status: 'full', records: 1 });
        parts += Buffer.from(run.output).toString();
        at = run.offset;
      }
      expect(parts).toBe(whole);
      expect(kernel.run(at, mode, 1)).toMatchObject({ status: 'incomplete', offset: block.length, records: 0 });
      expect(kernel.run(0, mode, 0)).toMatchObject({ status: 'full', offset: 0, records: 0 });
      expect(kernel.run(0, mode, Number.POSITIVE_INFINITY).records).toBe(records.length);
    }
  });
});

describe('capacity', () => {
  it('reads many small records in several runs', () => {
    const kernel = kernelFor('labels');
    const records = 100_000;
    const block = Buffer.from('<label a=""/>'.repeat(records));
    kernel.load(block);
    expect(kernel.run(0, 'count')).toMatchObject({ status: 'incomplete', offset: block.length, records });
    let at = 0;
    let read = 0;
    for (;;) {
      const run = kernel.run(at, 'messages');
      expect(run.table.length).toBe(TABLE_WIDTH * run.records);
      expect(run.unknownIds).toBe(run.records);
      const lines = Buffer.from(run.output).toString().split('\n');
      expect(lines.pop()).toBe('');
      expect(new Set(lines).size).toBe(1);
      read += run.records;
      at = run.offset;
      if (run.status === 'incomplete') break;
      expect(run).toMatchObject({ status: 'full', offset: 13 * read });
    }
    expect([at, read]).toEqual([block.length, records]);
  });

  it('writes much output in several runs', () => {
    const kernel = kernelFor('labels');
    const text = `"\\\n`.repeat(100_000);
    const record = `<label><id>1</id><profile>.${text}.</profile></label>\n`;
    const block = Buffer.from(record.repeat(12));
    kernel.load(block);
    const expected = `{"id":"1","profile":${JSON.stringify(`.${text}.`)}}\n`;
    let at = 0;
    let output = '';
    let runs = 0;
    for (;;) {
      const run = kernel.run(at, 'json');
      output += Buffer.from(run.output).toString();
      at = run.offset;
      runs++;
      if (run.status === 'incomplete') break;
      expect(run.status).toBe('full');
      expect(run.records).toBeGreaterThan(0);
    }
    expect(runs).toBeGreaterThan(1);
    expect(output === expected.repeat(12)).toBe(true);
  });

  it('enlarges the output for a record whose JSON exceeds it', () => {
    const kernel = kernelFor('labels');
    const text = '"'.repeat(5_000_000);
    const block = Buffer.from(`<label><id>1</id><profile>${text}</profile></label>`);
    kernel.load(block);
    const run = kernel.run(0, 'messages');
    expect(run).toMatchObject({ status: 'incomplete', offset: block.length, records: 1 });
    const message = JSON.parse(Buffer.from(run.output).toString());
    expect(message.profile === text).toBe(true);
    // Later views are of the memory as it is now.
    expect(checkBlock(kernel, 'labels', '<label><id>2</id></label>').records).toBe(1);
  });

  it('accepts input of up to 16 MiB', () => {
    const kernel = kernelFor('labels');
    const record = '<label><id>1</id><name>x</name></label>\n';
    for (const bytes of [1, 3, 5, 16].map((mebibytes) => mebibytes * 1024 * 1024)) {
      const block = Buffer.alloc(bytes, record);
      const whole = Math.floor(bytes / record.length);
      kernel.load(block);
      const run = kernel.run(0, 'count');
      expect([run.status, run.records]).toEqual([
        'incomplete',
        whole + (bytes % record.length === record.length - 1 ? 1 : 0),
      ]);
    }
    expect(() => kernel.load(new Uint8Array(MAX_LOAD_BYTES + 1))).toThrow(RangeError);
  });

  it('reads nothing outside the loaded input', () => {
    const kernel = kernelFor('labels');
    expect(kernel.run(0, 'count')).toMatchObject({ status: 'incomplete', offset: 0, records: 0 });
    kernel.load(Buffer.from('<label a=""/>'));
    expect(() => kernel.run(14, 'count')).toThrow(RangeError);
    expect(() => kernel.run(-1, 'count')).toThrow(RangeError);
    expect(() => kernel.run(Number.NaN, 'count')).toThrow(RangeError);
    expect(kernel.run(13, 'count')).toMatchObject({ status: 'incomplete', offset: 13, records: 0 });
  });
});

describe('without WebAssembly SIMD', () => {
  it('support is detected by validating a probe module', () => {
    expect(isSimdSupported()).toBe(true);
    expect(createKernel({ dataType: 'labels' })).toBeDefined();
  });
});
