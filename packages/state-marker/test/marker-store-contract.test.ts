import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { type MarkerStoreHarness, markerStoreContract } from '../src/contract.js';
import { createFileMarkerStore, createMemoryMarkerStore } from '../src/index.js';

describe('the file store passes the contract:', () => {
  const directories: string[] = [];

  const createHarness = async (): Promise<MarkerStoreHarness> => {
    const directory = await mkdtemp(join(tmpdir(), 'state-marker-contract-'));
    directories.push(directory);
    const pathOf = (version: string) => join(directory, `.extraction_status_${version}.json`);
    const open = () => createFileMarkerStore({ directory });
    return {
      store: await open(),
      reopen: open,
      writeText: (version, text) => writeFile(pathOf(version), text),
      readText: (version) => readFile(pathOf(version), 'utf8').catch(() => undefined),
    };
  };

  afterAll(() => Promise.all(directories.map((directory) => rm(directory, { recursive: true }))));

  for (const { name, run } of markerStoreContract) test(name, () => run(createHarness));
});

describe('the memory store passes the contract:', () => {
  const createHarness = async (): Promise<MarkerStoreHarness> => {
    const contents = new Map<string, string>();
    const open = () => createMemoryMarkerStore({ contents });
    return {
      store: open(),
      reopen: async () => open(),
      writeText: async (version, text) => void contents.set(version, text),
      readText: async (version) => contents.get(version),
    };
  };

  for (const { name, run } of markerStoreContract) test(name, () => run(createHarness));
});
