import { expect } from 'vitest';
import type { DataType } from '../../src/data-type.js';
import { createKernel, type Kernel, type KernelOptions, type KernelStatus } from '../../src/kernel/kernel.js';
import type { Reading } from '../../src/reading.js';
import { HASH_AFTER_ID, TABLE_WIDTH } from '../../src/record/message-layout.js';
import { readReference } from './reference.js';

/** A kernel; every runtime that runs the tests supports it. */
export function kernelFor(options: KernelOptions | DataType): Kernel {
  const kernel = createKernel(typeof options === 'string' ? { dataType: options } : options);
  if (!kernel) throw new Error('This runtime does not support WebAssembly SIMD');
  return kernel;
}

/** The canonical JSON that the kernel writes for one record. */
export function jsonOf(kernel: Kernel, xml: string | Uint8Array): string {
  const bytes = Buffer.from(xml as string);
  kernel.load(bytes);
  const run = kernel.run(0, 'json');
  expect([run.status, run.offset, run.records], String(xml)).toEqual(['incomplete', bytes.length, 1]);
  return Buffer.from(run.output).toString().trimEnd();
}

/** Runs a block in all modes by the kernel's reading, compares the results with the reference, and returns where and why the kernel stopped. */
export function checkBlock(
  kernel: Kernel,
  dataType: DataType,
  xml: string | Uint8Array,
  reading: Reading = 'xmltodict',
): { status: KernelStatus; offset: number; records: number } {
  const bytes = Buffer.from(xml as string);
  const expected = readReference(bytes, dataType, reading);
  kernel.load(bytes);

  const counted = kernel.run(0, 'count');
  const seen = { status: counted.status, offset: counted.offset, records: counted.records };
  expect(seen.records).toBe(expected.records.length);
  if (seen.offset === bytes.length) expect(seen.status).toBe('incomplete');
  expect(seen.offset).toBe(expected.offset);
  expect([counted.output.length, counted.table.length]).toEqual([0, 0]);

  const json = kernel.run(0, 'json');
  expect({ status: json.status, offset: json.offset, records: json.records }).toEqual(seen);
  expect(json.table.length).toBe(TABLE_WIDTH * json.records);
  expect(Buffer.from(json.output).toString()).toBe(expected.records.map((record) => `${record.json}\n`).join(''));
  for (const [index, record] of expected.records.entries()) {
    const [start, end, xmlStart, xmlEnd] = json.table.subarray(TABLE_WIDTH * index);
    expect(text(json.output, start!, end!)).toBe(record.json);
    expect(text(bytes, xmlStart!, xmlEnd!)).toBe(record.xml);
  }

  const messages = kernel.run(0, 'messages');
  expect({ status: messages.status, offset: messages.offset, records: messages.records }).toEqual(seen);
  expect(messages.table.length).toBe(TABLE_WIDTH * messages.records);
  expect(Buffer.from(messages.output).toString()).toBe(
    expected.records.map((record) => `${record.message}\n`).join(''),
  );
  for (const [index, record] of expected.records.entries()) {
    const [start, end, idStart, idEnd] = messages.table.subarray(TABLE_WIDTH * index);
    const message = text(messages.output, start!, end!);
    expect(message).toBe(record.message);
    expect(text(messages.output, idStart!, idEnd!)).toBe(record.id);
    const hashStart = idEnd! + HASH_AFTER_ID;
    expect(text(messages.output, hashStart, hashStart + 64)).toBe(JSON.parse(message).sha256);
  }
  return seen;
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.subarray(start, end)).toString();
}
