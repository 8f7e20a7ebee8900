import { once } from 'node:events';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFileMarkerStore } from '../src/index.js';
import { startChild } from './children/run.js';
import { ARTISTS, fileOf, VERSION } from './sample-markers.js';

const KILLS = 30;
const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 2 ** 31);

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'state-marker-kill-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** Lets a process save until `delayMs` after its first save, kills it, and returns the last watermark it printed. */
const killSaver = async (delayMs: number): Promise<number> => {
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

describe('a process killed while it saves', () => {
  test(`leaves a complete marker, never an older one (${KILLS} kills, KILL_SEED=${seed})`, {
    timeout: 240_000,
  }, async () => {
    const delays = fc.sample(fc.double({ min: 0, max: 40, noNaN: true }), { numRuns: KILLS, seed });
    let before = 0;
    for (const delay of delays) {
      const durable = await killSaver(delay);
      await using store = await createFileMarkerStore({ directory });
      const result = await store.load(VERSION);
      if (result.status !== 'found') throw new Error(`the marker is ${result.status} after a kill`);
      const records = fileOf(result.marker, ARTISTS).messages_published;
      expect(durable).toBeGreaterThan(before);
      expect(records).toBeGreaterThanOrEqual(durable);
      expect(result.marker.publishing_phase.messages_published).toBe(records);
      before = records;
    }

    const left = (await readdir(directory)).filter((name) => name.endsWith('.tmp'));
    for (const name of left) await utimes(join(directory, name), 0, 0);
    await using store = await createFileMarkerStore({ directory });
    const result = await store.load(VERSION);
    if (result.status === 'found') await store.save(result.marker);
    expect(await readdir(directory)).toEqual([`.extraction_status_${VERSION}.json`]);
  });
});
