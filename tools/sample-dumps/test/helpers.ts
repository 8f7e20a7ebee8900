import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { generateXml, type XmlOptions } from '../src/index.js';

export const collect = async (options: XmlOptions): Promise<Buffer> => {
  const blocks: Buffer[] = [];
  for await (const block of generateXml(options)) blocks.push(block);
  return Buffer.concat(blocks);
};

/** Makes a folder that is removed after the test. */
export const temporaryFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'sample-dumps-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};
