import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FaultyServer } from '@discogs-extractor/test-server';
import { afterAll, describe, test } from 'vitest';
import { type CreateDumpSourceHarness, dumpSourceContract } from '../src/contract.js';
import { createFallbackSource, createFolderSource, createS3Source, createWebSource } from '../src/index.js';
import { temporaryDirectory, writeFiles } from './support/dump.js';
import { startS3, stopS3 } from './support/s3.js';
import { QUICK } from './support/web.js';

afterAll(stopS3);

const folder: CreateDumpSourceHarness = async (files) => {
  const directory = await temporaryDirectory();
  await writeFiles(directory, files);
  return { source: createFolderSource({ directory }), remove: (name) => rm(join(directory, name)) };
};

const web: CreateDumpSourceHarness = async (files) => {
  const server = await FaultyServer.start(files);
  // A page without any link does not count as a listing.
  server.extraLinks = '<a href="?prefix=data%2F">data/</a>';
  return {
    source: createWebSource({ baseUrl: server.url, minGapMs: 0, retry: QUICK }),
    remove: async (name) => server.remove(name),
  };
};

const s3: CreateDumpSourceHarness = async (files) => {
  const server = await startS3(files);
  return {
    source: createS3Source({ endpoint: server.url, bucket: server.bucket, retry: QUICK }),
    remove: (name) => server.remove(name),
  };
};

/** The first source lists everything and refuses all files, so that every file comes from the second one. */
const fallback: CreateDumpSourceHarness = async (files) => {
  const refusing = await startS3(files);
  refusing.fault = ({ query }) =>
    query.has('list-type') ? undefined : { kind: 'error', status: 403, code: 'AccessDenied' };
  const first = createS3Source({ endpoint: refusing.url, bucket: refusing.bucket, retry: QUICK });
  const second = await web(files);
  return { source: createFallbackSource({ sources: [first, second.source] }), remove: second.remove };
};

describe.each([
  ['folder', folder],
  ['web', web],
  ['S3', s3],
  ['fallback', fallback],
])('the %s source follows the contract: it', (_, createHarness) => {
  test.each(dumpSourceContract)('$name', ({ run }) => run(createHarness));
});
