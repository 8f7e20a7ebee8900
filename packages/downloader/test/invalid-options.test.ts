import { describe, expect, test } from 'vitest';
import {
  createDownloader,
  createFallbackSource,
  createFolderSource,
  createS3Source,
  createWebSource,
  type DumpSource,
} from '../src/index.js';
import { temporaryDirectory } from './support/dump.js';
import { errorThrownBy, rejectionOf } from './support/errors.js';

/** Lets a test call a factory as a program without types does. */
const untyped = (create: unknown) => create as (options?: unknown) => unknown;

const SOURCE = { list: async () => ({ versions: [] }), open: async () => undefined } as unknown as DumpSource;

describe('refuses anything but known options with valid values:', () => {
  test.each([
    [
      'createDownloader',
      createDownloader,
      [
        undefined,
        null,
        {},
        { source: 'dumps', directory: 'x' },
        { source: SOURCE },
        { source: SOURCE, directory: 'x', concurency: 1 },
        { source: SOURCE, directory: 'x', retry: { attempt: 1 } },
        { source: SOURCE, directory: 'x', onEvent: () => undefined },
      ],
    ],
    ['createFolderSource', createFolderSource, [undefined, {}, { directory: 1 }, { directory: 'x', folder: 'y' }]],
    [
      'createWebSource',
      createWebSource,
      [
        null,
        { url: 'http://127.0.0.1:1/' },
        { baseUrl: 'nonsense' },
        { proxy: { http: 'http://127.0.0.1:1/' } },
        { onEvent: 'log' },
      ],
    ],
    ['createS3Source', createS3Source, [null, { url: 'http://127.0.0.1:1/' }, { endpoint: 'nonsense' }]],
    [
      'createFallbackSource',
      createFallbackSource,
      [undefined, {}, { sources: [] }, { sources: SOURCE }, { sources: ['s3'] }],
    ],
  ])('%s', (_, create, invalid) => {
    for (const options of invalid) errorThrownBy(() => untyped(create)(options), 'INVALID_OPTIONS');
  });
});

test('refuses data types that are not an array of known names', async () => {
  const downloader = createDownloader({ source: SOURCE, directory: await temporaryDirectory() });
  for (const dataTypes of ['artists', [], ['artist']]) {
    const error = await rejectionOf(downloader.choose({ dataTypes: dataTypes as never }), 'INVALID_OPTIONS');
    expect(error.message).toMatch(/^dataTypes must be /);
  }
  await downloader.close();
});
