import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import type { Fault } from '@discogs-extractor/test-server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createServiceHarness, type Service, type ServiceHarness } from '../kit/service-harness.js';

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 10);
const SEED = Number(process.env['SOAK_SEED'] ?? Date.now() % 1_000_000);
const RECORDS = Number(process.env['SOAK_RECORDS'] ?? 5000);

/** The resources of the process between two runs. */
interface Sample {
  readonly rss: number;
  readonly fds: number;
  readonly threads: number;
}

const sampleOf = async (pid: number): Promise<Sample> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return {
    rss: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) / 1024,
    fds: (await readdir(`/proc/${pid}/fd`)).length,
    threads: Number(/^Threads:\s+(\d+)/m.exec(status)![1]),
  };
};

const versionOf = (index: number): string =>
  new Date(Date.UTC(2026, 0, 1 + index)).toISOString().slice(0, 10).replaceAll('-', '');

const WEB_FAULTS: readonly ((random: () => number) => Fault)[] = [
  () => ({ kind: 'reset' }),
  () => ({ kind: 'status', status: 503, headers: { 'retry-after': '1' } }),
  () => ({ kind: 'page', status: 200, type: 'text/html' }),
  (random) => ({ kind: 'cut', after: Math.floor(random() * 100_000) }),
  (random) => ({ kind: 'silent-cut', after: Math.floor(random() * 100_000) }),
  (random) => ({ kind: 'wrong-bit', at: Math.floor(random() * 1e6) }),
  () => ({ kind: 'no-length' }),
];

/** Injects faults into the broker and the connection to it until the signal aborts, and leaves both working. */
const injectFaults = async (
  { broker, proxy }: ServiceHarness,
  random: () => number,
  signal: AbortSignal,
  done: string[],
): Promise<void> => {
  const faults: Record<string, () => Promise<void>> = {
    'the connection is cut': async () => proxy.cut(),
    'the connection is cut within a frame': () =>
      Promise.race([proxy.cutAfter(1 + Math.floor(random() * 1e6)), delay(3000)]),
    'the connection stalls': async () => {
      proxy.stall();
      await delay(1000 + 3000 * random());
      proxy.resume();
    },
    'the broker is killed': () => broker.restart(),
    'the broker closes connections': () => broker.closeConnections('soak'),
    'the broker raises an alarm': async () => {
      await broker.setMemoryAlarm();
      await delay(1000 + 3000 * random());
      await broker.clearMemoryAlarm();
    },
  };
  const names = Object.keys(faults);
  while (!signal.aborted) {
    await delay(2000 + 8000 * random(), undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const name = names[Math.floor(random() * names.length)]!;
    done.push(name);
    await faults[name]!();
  }
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Waits until the dump is delivered; triggers a run whenever the service waits to retry. */
const untilDelivered = async (service: Service, version: string): Promise<void> => {
  for (;;) {
    if (service.cli.output().includes(`🎉 Dump ${version}:`)) break;
    // 409 during a run.
    expect([202, 409]).toContain(await service.trigger());
    await Promise.race([delay(1000), service.cli.ended.then(() => Promise.reject(new Error('the service ended')))]);
  }
  while (['running'].includes((await service.health()).extraction_status)) await delay(50);
};

describe(`a service with faults for ${MINUTES} minutes (SOAK_SEED=${SEED})`, () => {
  it(
    'loses no record, and needs no more memory, files or threads at the end',
    async ({ annotate }) => {
      const folder = await mkdtemp(join(tmpdir(), 'soak-'));
      onTestFinished(() => rm(folder, { recursive: true, force: true }));
      await using harness = await createServiceHarness(join(folder, 'dumps'), RECORDS);
      const random = randomFrom(SEED);
      harness.web.fault = () =>
        random() < 0.15 ? WEB_FAULTS[Math.floor(random() * WEB_FAULTS.length)]!(random) : undefined;
      harness.publish(versionOf(0));
      const service = await harness.startService({ DISCOGS_ROOT: join(folder, 'data'), KEEP_VERSIONS: '1' });
      onTestFinished(() => void service.cli.process.kill('SIGKILL'));
      const pid = service.cli.process.pid!;

      const over = new AbortController();
      const faults: string[] = [];
      const injecting = injectFaults(harness, random, over.signal, faults);
      const samples: Sample[] = [];
      const end = Date.now() + MINUTES * 60_000;
      let index = 0;
      let repeats = 0;
      for (; Date.now() < end; index++) {
        const version = versionOf(index);
        harness.publish(version);
        await untilDelivered(service, version);
        expect(await harness.missing(version)).toEqual([]);
        repeats += harness.repeats;
        harness.forget(version);
        samples.push(await sampleOf(pid));
      }
      over.abort();
      await injecting;

      service.cli.process.kill('SIGTERM');
      const { status, stderr } = await service.cli.ended;
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });

      // Heaps grow at first; after that nothing may grow.
      const third = Math.floor(samples.length / 3);
      expect(third).toBeGreaterThanOrEqual(3);
      const [early, late] = [samples.slice(third, 2 * third), samples.slice(-third)];
      const of = (some: readonly Sample[], key: keyof Sample): number => median(some.map((sample) => sample[key]));
      const summary = {
        dumps: index,
        records: index * RECORDS * 4,
        faults: faults.length,
        repeats,
        rssMiB: [samples[0]!.rss, of(early, 'rss'), of(late, 'rss')].map(Math.round),
        fds: [of(early, 'fds'), of(late, 'fds')],
        threads: [of(early, 'threads'), of(late, 'threads')],
      };
      await annotate(JSON.stringify(summary));
      expect(of(late, 'rss')).toBeLessThan(1.15 * of(early, 'rss') + 20);
      expect(of(late, 'fds')).toBeLessThanOrEqual(of(early, 'fds') + 1);
      expect(of(late, 'threads')).toBeLessThanOrEqual(of(early, 'threads') + 1);
    },
    (MINUTES + 5) * 60_000,
  );
});
