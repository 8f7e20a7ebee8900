import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fault } from '@discogs-extractor/test-server';
import { expect, it, onTestFinished } from 'vitest';
import { dumpFile } from './kit/dumps.js';
import { createServiceHarness } from './kit/service-harness.js';

const RECORDS = 400;
const [FIRST, SECOND] = ['20260101', '20260201'] as const;

/** A few seconds, in days, so that the second run starts by itself. */
const PERIOD_DAYS = String(2 / 86_400);

it('the service delivers dumps from an unreliable website to RabbitMQ, run after run, until it is stopped', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'service-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await using harness = await createServiceHarness(join(folder, 'dumps'), RECORDS);
  const { web } = harness;
  // Each fault once, at the first request that it fits.
  const faults: [page: string, name: string, fault: Fault][] = [
    ['start', '', { kind: 'reset' }],
    ['year', '2026', { kind: 'status', status: 429, headers: { 'retry-after': '1' } }],
    ['file', dumpFile(FIRST, 'artists'), { kind: 'cut', after: 2000 }],
    ['file', dumpFile(FIRST, 'artists'), { kind: 'ignore-range' }],
    ['file', dumpFile(FIRST, 'labels'), { kind: 'page', status: 200, type: 'text/html' }],
    ['file', dumpFile(FIRST, 'masters'), { kind: 'silent-cut', after: 3000 }],
    ['file', dumpFile(FIRST, 'releases'), { kind: 'wrong-bit', at: 12_345 }],
    ['file', dumpFile(SECOND, 'releases'), { kind: 'status', status: 503, headers: { 'retry-after': '1' } }],
  ];
  web.fault = (request) => {
    const at = faults.findIndex(([page, name]) => page === request.page && (name === '' || name === request.name));
    return at === -1 ? undefined : faults.splice(at, 1)[0]![2];
  };
  const data = join(folder, 'data');

  harness.publish(FIRST);
  const service = await harness.startService({
    DISCOGS_ROOT: data,
    PERIODIC_CHECK_DAYS: PERIOD_DAYS,
    KEEP_VERSIONS: '1',
  });
  onTestFinished(() => void service.cli.process.kill('SIGKILL'));
  await service.cli.says(`🎉 Dump ${FIRST}: all ${4 * RECORDS} records delivered`);
  expect(await harness.missing(FIRST)).toEqual([]);

  // The first dump is unchanged; a check that finds nothing new does nothing.
  await service.cli.says(`✅ Dump ${FIRST}: nothing to do`);
  harness.publish(SECOND);
  await service.cli.says(`🎉 Dump ${SECOND}: all ${4 * RECORDS} records delivered`);
  expect(await harness.missing(SECOND)).toEqual([]);
  expect(faults).toEqual([]);
  expect(harness.repeats).toBe(0);
  expect((await readdir(data)).filter((name) => name.startsWith(`discogs_${FIRST}`))).toEqual([]);

  const deliveries = (): number => service.cli.output().split('🎉').length - 1;
  const before = deliveries();
  while ((await service.trigger({ force_reprocess: true })) === 409)
    await new Promise((resolve) => setTimeout(resolve, 100));
  while (deliveries() === before) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await harness.missing(SECOND, 2)).toEqual([]);

  const metrics = await service.metrics();
  const metric = (name: string): number =>
    [...metrics.matchAll(new RegExp(`^discogs_extractor_${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].reduce(
      (sum, [, value]) => sum + Number(value),
      0,
    );
  expect(metric('records_confirmed_total')).toBe(3 * 4 * RECORDS);
  expect(metric('messages_confirmed_total')).toBe(3 * 4 * (RECORDS + 1));
  expect(metric('download_retries_total')).toBeGreaterThanOrEqual(4);

  service.cli.process.kill('SIGTERM');
  const { status, stdout, stderr } = await service.cli.ended;
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).not.toMatch(/canary|guest:/);
  const marker = JSON.parse(await readFile(join(data, `.extraction_status_${SECOND}.json`), 'utf8'));
  expect(marker.summary.overall_status).toBe('completed');
}, 180_000);
