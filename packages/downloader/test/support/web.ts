import { FaultyServer } from '@discogs-extractor/test-server';
import { onTestFinished } from 'vitest';
import { createWebSource, type DownloaderOptions, type WebSourceOptions } from '../../src/index.js';
import { type DownloaderSetup, setUp } from './setup.js';

/** Delays short enough for a test. */
export const QUICK = { attempts: 6, baseDelayMs: 1, maxDelayMs: 5, maxRetryAfterMs: 5000 };

/** Creates a downloader with a faulty server as its source. */
export const setUpWeb = async (
  files: ReadonlyMap<string, Buffer>,
  { web, ...options }: Partial<DownloaderOptions> & { web?: WebSourceOptions } = {},
): Promise<DownloaderSetup & { server: FaultyServer }> => {
  const server = await FaultyServer.start(files);
  const source = createWebSource({
    baseUrl: server.url,
    minGapMs: 0,
    throttleDelayMs: 5,
    stallTimeoutMs: 150,
    responseTimeoutMs: 3000,
    retry: QUICK,
    ...web,
  });
  onTestFinished(() => source.close());
  return { server, ...(await setUp(new Map(), { retry: QUICK, ...options, source })) };
};
