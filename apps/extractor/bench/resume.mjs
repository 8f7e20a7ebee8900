// How long the built command line takes to resume at 90 % of a dump of releases, compared with gunzip of those 90 %.
import { execFile, spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { addInventory, createInventory, encodeRecords } from '@discogs-extractor/parser';
import { median, show } from '../../../packages/publisher/bench/kit.mjs';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const MIB = 2 ** 20;
const VERSION = '20260101';
const FILE = `discogs_${VERSION}_releases.xml.gz`;

/** Time between two reads of the marker, in milliseconds. */
const LOOK_MS = 5;

/** Seconds that Node takes to gunzip that much XML in large chunks, ignoring the output. */
const gunzip = async (path, xmlBytes) => {
  const startedAt = performance.now();
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: MIB }).pipe(createGunzip({ chunkSize: MIB }))) {
    bytes += chunk.length;
    if (bytes >= xmlBytes) break;
  }
  return (performance.now() - startedAt) / 1000;
};

/**
 * Measures several rounds and returns the median ratio of two times: from the start of the process (an earlier one has
 * verified its files) until the marker on disk has a confirmed record after the old watermark; and of gunzip in this
 * process.
 */
export const compareResumeWithGunzip = async ({ path, records, xmlBytes }, folder, rounds) => {
  const data = join(folder, 'resume-data');
  await mkdir(data);
  const settings = {
    env: { PATH: process.env.PATH, DISCOGS_ROOT: data, HEALTH_PORT: 'off', SINK: 'null', STATE_SAVE_INTERVAL: '1' },
  };
  const args = [CLI, 'run', '--once', '--source', dirname(path), '--types', 'releases'];
  await promisify(execFile)(process.execPath, args, settings);

  const marker = join(data, `.extraction_status_${VERSION}.json`);
  const whole = JSON.parse(await readFile(marker, 'utf8'));
  const watermark = Math.floor(records * 0.9);
  const cut = structuredClone(whole);
  cut.processing_phase.status = 'in_progress';
  cut.summary.overall_status = 'in_progress';
  const progress = cut.processing_phase.progress_by_file[FILE];
  Object.assign(progress, { status: 'in_progress', messages_published: watermark, records_extracted: watermark });

  // What an interrupted run would have kept of the format.
  const inventory = createInventory('releases');
  let after = 0;
  const blocks = encodeRecords(path, {
    ...{ dataType: 'releases', limit: watermark, workers: 2 },
    onInventory: (block) => {
      addInventory(inventory, block);
      after = block.lastRecord;
    },
  });
  for await (const block of blocks) block.release();
  const kept = join(data, 'inventory', VERSION, 'releases.partial.json');

  const resume = async () => {
    await writeFile(kept, JSON.stringify({ after, sha256: progress.source_checksum, inventory }));
    await writeFile(marker, JSON.stringify(cut));
    const startedAt = performance.now();
    const child = spawn(process.execPath, args, { ...settings, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    let isOver = false;
    ended.then(() => {
      isOver = true;
    });
    let seconds;
    while (seconds === undefined && !isOver) {
      await sleep(LOOK_MS);
      const { progress_by_file: now } = JSON.parse(await readFile(marker, 'utf8')).processing_phase;
      if (now[FILE].messages_published > watermark) seconds = (performance.now() - startedAt) / 1000;
    }
    const status = await ended;
    if (status !== 0 || seconds === undefined) throw new Error(`the run did not resume: it ended with ${status}`);
    return seconds;
  };

  const pairs = [];
  await resume(); // warms the page cache up
  for (let round = 0; round < rounds; round++) {
    const alone = await gunzip(path, xmlBytes * 0.9);
    const resumed = await resume();
    pairs.push({ resumed, alone, ratio: resumed / alone });
  }
  const ratio = median(pairs.map((pair) => pair.ratio));
  const seconds = (key) => show(median(pairs.map((pair) => pair[key])), 2);
  const spread = pairs
    .map((pair) => pair.ratio.toFixed(2))
    .sort()
    .join(' ');
  return { ratio, text: `${show(ratio, 2)} (${seconds('resumed')} s by ${seconds('alone')} s; ${spread})` };
};
