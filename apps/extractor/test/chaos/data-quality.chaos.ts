import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import { expect, it, onTestFinished } from 'vitest';
import { runCli, startCli } from '../kit/cli.js';
import { dumpFile, smallDump, writeDump } from '../kit/dumps.js';
import { type MarkerFileProgress, readMarker } from '../kit/markers.js';
import { readReports } from '../kit/reports.js';

const SEED = Number(process.env['KILLS_SEED'] ?? Date.now() % 1_000_000);
const KILLS = Number(process.env['KILLS'] ?? 30);

const VERSION = '20260101';
const ARTISTS = dumpFile(VERSION, 'artists');
const RECORDS = 60_000;
/** A round that is killed as often as this ends without further kills. */
const MAX_KILLS_OF_ROUND = 10;
const ROUND_TIMEOUT_MS = 180_000;
/** Between two looks at the marker. */
const LOOK_MS = 2;

const RULES = `
skip_records:
  artists:
    - { field: profile, contains: DO NOT USE, reason: junk }
rules:
  artists:
    - { name: no-name, field: name, condition: { type: required }, severity: error }
`;

/** Every seventieth artist is skipped, and every thousandth has no name. */
const artists = (): string => {
  const records = Array.from({ length: RECORDS }, (_, index) => {
    const number = index + 1;
    return `<artist><id>${number}</id><name>${number % 1000 === 0 ? '' : `N ${number}`}</name><profile>${number % 70 === 0 ? 'DO NOT USE' : 'p'}</profile></artist>`;
  });
  return `<artists>\n${records.join('\n')}\n</artists>`;
};
const SKIPPED = Math.floor(RECORDS / 70);

type Progress = MarkerFileProgress & { omitted?: number };

const progressIn = async (data: string): Promise<Progress | undefined> =>
  // Between two runs, the marker may not be there yet.
  (await readMarker(data, VERSION))?.processing_phase.progress_by_file[ARTISTS];

/** Records up to the watermark. */
const confirmedIn = async (data: string): Promise<number> => {
  const progress = await progressIn(data);
  return progress === undefined ? 0 : progress.messages_published + (progress.omitted ?? 0);
};

it(
  `reports each finding once, however often the process is killed (KILLS_SEED=${SEED})`,
  async () => {
    const random = randomFrom(SEED);
    const folder = await mkdtemp(join(tmpdir(), 'data-quality-chaos-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const dumps = join(folder, 'dumps');
    const rules = join(folder, 'rules.yaml');
    await writeDump(dumps, VERSION, { ...smallDump(1), artists: artists() });
    await writeFile(rules, RULES);
    const args = [
      ...['run', '--once', '--source', dumps, '--types', 'artists', '--sink', 'null'],
      ...['--data-quality-rules', rules],
    ];
    const optionsFor = (data: string) => ({
      env: { DISCOGS_ROOT: data, STATE_SAVE_INTERVAL: '500', MAX_WORKERS: '2' },
    });

    const reference = join(folder, 'reference');
    const whole = await runCli(args, optionsFor(reference));
    expect(whole, whole.stdout).toMatchObject({ status: 0 });
    const expected = await readReports(join(reference, 'flagged', VERSION, 'artists'));
    expect(expected['skipped.jsonl']!.trimEnd().split('\n')).toHaveLength(SKIPPED);

    let kills = 0;
    for (let round = 1; kills < KILLS; round++) {
      const data = join(folder, `round-${round}`);
      const killedAt: number[] = [];
      for (;;) {
        const before = await confirmedIn(data);
        const killAfter = before + 1 + Math.floor(random() * (RECORDS / 4));
        const mayKill = killedAt.length < MAX_KILLS_OF_ROUND;
        const cli = startCli(args, optionsFor(data));
        let hasEnded = false;
        const ended = cli.ended.finally(() => {
          hasEnded = true;
        });
        while (mayKill && !hasEnded) {
          if ((await progressIn(data))?.status === 'in_progress' && (await confirmedIn(data)) >= killAfter) {
            cli.process.kill('SIGKILL');
            break;
          }
          await delay(LOOK_MS);
        }
        const { status, signal, stdout } = await ended;
        if (signal === null) {
          expect(status, stdout).toBe(0);
          break;
        }
        killedAt.push(await confirmedIn(data));
      }
      const about = `round ${round}, killed at ${killedAt.join(', ')}`;
      expect(await readReports(join(data, 'flagged', VERSION, 'artists')), about).toEqual(expected);
      expect(await progressIn(data), about).toMatchObject({
        records_extracted: RECORDS,
        messages_published: RECORDS - SKIPPED,
        omitted: SKIPPED,
        annotations: { quality: { skipped: SKIPPED, error: Math.floor(RECORDS / 1000) - Math.floor(RECORDS / 7000) } },
      });
      expect(killedAt.length, 'every round is killed at least once').toBeGreaterThan(0);
      kills += killedAt.length;
      await rm(data, { recursive: true });
    }
  },
  ROUND_TIMEOUT_MS * Math.max(1, KILLS / 3),
);
