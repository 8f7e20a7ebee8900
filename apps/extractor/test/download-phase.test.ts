import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDownloader, createFolderSource } from '@discogs-extractor/downloader';
import {
  createMarker,
  createMarkerSession,
  createMemoryMarkerStore,
  type MarkerStore,
  StateMarkerError,
} from '@discogs-extractor/state-marker';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RunEvent } from '../src/events/run-events.js';
import { downloadPhase } from '../src/pipeline/download-phase.js';
import { dumpFile, smallDump, writeDump } from './kit/dumps.js';

const VERSION = '20260101';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'download-phase-'));
  await writeDump(join(folder, 'dumps'), VERSION, smallDump(3));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A disk that fails once the marker has this status of the download. */
const storeFailingAt = (status: string): MarkerStore => {
  const inner = createMemoryMarkerStore();
  return {
    load: (version) => inner.load(version),
    versions: () => inner.versions(),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
    save: async (marker) => {
      if (marker.download_phase.status === status) {
        const facts = { operation: 'write', path: '/data/marker', errno: 'EIO' } as const;
        throw new StateMarkerError('IO_FAILED', 'Cannot write /data/marker: EIO', { facts });
      }
      await inner.save(marker);
    },
  };
};

const download = async (status: string): Promise<{ error: unknown; events: RunEvent[] }> => {
  const events: RunEvent[] = [];
  const { signal } = new AbortController();
  await using downloader = createDownloader({
    source: createFolderSource({ directory: join(folder, 'dumps') }),
    directory: join(folder, 'data'),
  });
  const choice = await downloader.choose({ dataTypes: ['labels'], signal });
  if (status === 'failed') await rm(join(folder, 'dumps', dumpFile(VERSION, 'labels')));
  const session = createMarkerSession({
    store: storeFailingAt(status),
    marker: createMarker(VERSION, new Date()),
  });
  const error: unknown = await downloadPhase({
    ...{ downloader, choice, session, signal },
    onEvent: (event) => events.push(event as RunEvent),
  }).catch((reason: unknown) => reason);
  return { error, events };
};

it('a marker that cannot be saved after the last download ends with the error of the disk, and its path', async () => {
  const { error } = await download('completed');
  expect(error).toMatchObject({ code: 'IO_FAILED', facts: { path: '/data/marker', errno: 'EIO' } });
});

it('a download that fails ends with its own error, and a marker that cannot be saved then is reported too', async () => {
  const { error, events } = await download('failed');
  expect(error).not.toMatchObject({ code: 'IO_FAILED' });
  expect(error).toBeInstanceOf(Error);
  expect(events.filter(({ type }) => type === 'marker-not-saved')).toEqual([
    { type: 'marker-not-saved', error: expect.objectContaining({ code: 'IO_FAILED' }) },
  ]);
});
