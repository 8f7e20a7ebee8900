import { once } from 'node:events';
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect } from 'vitest';
import { createFileMarkerStore } from '../src/index.js';
import { startChild } from './children/run.js';
import { ARTISTS, fileOf, VERSION } from './sample-markers.js';

/** Lets a process save until `delayMs` after its first save, kills it, and returns the last watermark it printed. */
const killSaver = async (directory: string, delayMs: number): Promise<number> => {
  const child = startChild('save-loop', [directory]);
  let errorOutput = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errorOutput += text;
  });
  const closed = once(child, 'close');
  let durable = 0;
  let isFirst = true;
  for await (const line of createInterface({ input: child.stdout! })) {
    durable = Number(line);
    if (isFirst) void sleep(delayMs).then(() => child.kill('SIGKILL'));
    isFirst = false;
  }
  const [status, signal] = await closed;
  if (signal !== 'SIGKILL') throw new Error(`the process ended by itself with ${status ?? signal}: ${errorOutput}`);
  return durable;
};

/** Kills a process that saves to `directory`, `kills` times, and checks the marker after each kill. */
export const checkKills = async (directory: string, kills: number, seed: number): Promise<void> => {
  const delays = fc.sample(fc.double({ min: 0, max: 40, noNaN: true }), { numRuns: kills, seed });
  let before = 0;
  for (const delayMs of delays) {
    const durable = await killSaver(directory, delayMs);
    await using store = await createFileMarkerStore({ directory });
    const result = await store.load(VERSION);
    if (result.status !== 'found') throw new Error(`the marker is ${result.status} after a kill`);
    const records = fileOf(result.marker, ARTISTS).messages_published;
    expect(durable).toBeGreaterThan(before);
    expect(records).toBeGreaterThanOrEqual(durable);
    expect(result.marker.publishing_phase.messages_published).toBe(records);
    before = records;
  }

  const leftovers = (await readdir(directory)).filter((name) => name.endsWith('.tmp'));
  for (const name of leftovers) await utimes(join(directory, name), 0, 0);
  await using store = await createFileMarkerStore({ directory });
  const result = await store.load(VERSION);
  if (result.status === 'found') await store.save(result.marker);
  expect(await readdir(directory)).toEqual([`.extraction_status_${VERSION}.json`]);
};
