import { describe, expect, test } from 'vitest';
import {
  createDownloader,
  createFallbackSource,
  createFolderSource,
  createS3Source,
  createWebSource,
  type DumpSource,
} from '../src/index.js';
import { temporaryFolder } from './support/dump.js';

const refused = { name: 'DownloaderError', code: 'INVALID_OPTIONS' };

/** As those call it who write no types. */
const untyped = (create: unknown) => create as (options?: unknown) => Promise<unknown>;

const SOURCE = { list: async () => ({ versions: [] }), open: async () => undefined } as unknown as DumpSource;

describe('what is no options, or no option', () => {
  test.each([
    [
      'createDownloader',
      createDownloader,
      [undefined, null, {}, { source: 'dumps', directory: 'x' }, { source: SOURCE }],
    ],
    ['createDownloader', createDownloader, [{ source: SOURCE, directory: 'x', concurency: 1 }]],
    ['createDownloader', createDownloader, [{ source: SOURCE, directory: 'x', retry: { attempt: 1 } }]],
    ['createFolderSource', createFolderSource, [undefined, {}, { directory: 1 }, { directory: 'x', folder: 'y' }]],
    ['createWebSource', createWebSource, [null, { url: 'http://127.0.0.1:1/' }, { baseUrl: 'nonsense' }]],
    ['createS3Source', createS3Source, [null, { url: 'http://127.0.0.1:1/' }, { endpoint: 'nonsense' }]],
    [
      'createFallbackSource',
      createFallbackSource,
      [undefined, {}, { sources: [] }, { sources: SOURCE }, { sources: ['s3'] }],
    ],
  ])('%s', async (_, create, wrong) => {
    for (const options of wrong) await expect(untyped(create)(options)).rejects.toMatchObject(refused);
  });
});

test('types that are a text and no list', async () => {
  const downloader = await createDownloader({ source: SOURCE, directory: await temporaryFolder() });
  for (const types of ['artists', [], ['artist']]) {
    await expect(downloader.choose({ types: types as never })).rejects.toMatchObject(refused);
  }
  await downloader.close();
});
