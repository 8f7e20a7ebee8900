import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { drainQueue, startOwnBroker, until } from '@discogs-extractor/test-broker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockDataFolder } from '../src/system/data-folder-lock.js';
import { runCli, startCli } from './kit/cli.js';
import { dumpFile, smallDump, writeDump } from './kit/dumps.js';
import { readMarker } from './kit/markers.js';
import { startService } from './kit/service.js';

const VERSION = '20260101';

let folder: string;
let dumps: string;
let data: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standby-'));
  dumps = join(folder, 'dumps');
  data = join(folder, 'data');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a standby', () => {
  it('shows that it is one, leaves the folder alone, and takes over when the other one ends', async () => {
    await writeDump(dumps, VERSION, smallDump(5));
    const env = {
      DISCOGS_ROOT: data,
      SINK: 'null',
      WAIT_FOR_LOCK: 'true',
      TRIGGER_TOKEN: 'a',
      FORCE_REPROCESS: 'true',
    };
    const other = await lockDataFolder(data);
    const lockFile = join(data, '.extractor.lock');
    const record = await readFile(lockFile, 'utf8');
    await using standby = await startService(['--source', dumps], env);
    await standby.says('Standby: another extractor works in');

    const response = await standby.request('/ready');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: 'standby',
      reasons: [
        expect.stringMatching(
          new RegExp(`^another extractor works in the data folder \\(host .*process ${process.pid}, `),
        ),
      ],
    });
    expect(await standby.json('/health')).toMatchObject({ status: 'healthy', extraction_status: 'idle' });
    expect(await standby.json('/status')).toMatchObject({ phase: 'standby', standby: { holder: expect.any(String) } });
    expect(await (await standby.request('/metrics')).text()).toContain('discogs_extractor_phase{phase="standby"} 1');
    const trigger = await standby.request('/trigger', { method: 'POST', headers: { Authorization: 'Bearer a' } });
    expect([trigger.status, await trigger.json()]).toMatchObject([409, { status: 'standby' }]);
    const status = await runCli(['status', '--data', data]);
    expect(status.stdout).toMatch(new RegExp(`^Lock of host .*, process ${process.pid}, since`, 'm'));

    expect(await readdir(data)).toEqual(['.extractor.lock']);
    expect(await readFile(lockFile, 'utf8')).toBe(record);
    await other.release();
    await standby.says('taking over');
    await standby.reaches('waiting');
    expect((await standby.request('/ready')).status).toBe(200);
    // It logs one line while it waits, and the forced run was the other one's.
    expect(standby.output().match(/Standby: another/g)).toHaveLength(1);
    expect(await readdir(data)).not.toContain('.force_reprocess');
  });

  it('ends at once at a signal, as a stopped run does', async () => {
    await using _other = await lockDataFolder(data);
    const signals = [
      [['run'], 'SIGTERM'],
      [['run', '--once'], 'SIGINT'],
      [['download'], 'SIGTERM'],
    ] as const;
    const all = signals.map(([command, signal]) => ({
      standby: startCli([...command, '--wait-for-lock', '--source', dumps, '--data', data], { env: { SINK: 'null' } }),
      signal,
    }));
    for (const { standby, signal } of all) {
      await standby.says('Standby: another extractor works in');
      const askedAt = performance.now();
      standby.process.kill(signal);
      expect(await standby.ended).toMatchObject({ status: 0, stderr: '' });
      expect(performance.now() - askedAt).toBeLessThan(5000);
    }
    expect(await readdir(data)).toEqual(['.extractor.lock']);
  });

  it('saves nothing any more once the folder is locked by another one', async () => {
    await writeDump(dumps, VERSION, smallDump(5));
    await using service = await startService(['--source', dumps], {
      DISCOGS_ROOT: data,
      SINK: 'null',
      TRIGGER_TOKEN: 'a',
    });
    await service.reaches('waiting');
    const before = await readMarker(data, VERSION);
    // Suspended, as a machine is that a file server gives up.
    service.process.kill('SIGSTOP');
    await rm(join(data, '.extractor.lock'));
    await using _other = await lockDataFolder(data);
    service.process.kill('SIGCONT');
    const headers = { Authorization: 'Bearer a' };
    // The loss may be noticed before the request arrives.
    await service
      .request('/trigger', { method: 'POST', headers, body: '{"force_reprocess":true}' })
      .catch(() => undefined);
    const result = await service.ended;
    expect(result).toMatchObject({ status: 1 });
    expect(result.stdout).toContain('FOLDER_LOST');
    expect(await readMarker(data, VERSION)).toEqual(before);
  });

  it('delivers the rest when the one that works is killed while it publishes', async () => {
    const seed = Date.now() % 1_000_000;
    const random = randomFrom(seed);
    const records = 4000;
    const queueSize = 300;
    await generateDump({ directory: dumps, version: VERSION, seed, records, types: ['labels'] });
    const { stdout } = await runCli(['parse', join(dumps, dumpFile(VERSION, 'labels'))]);
    const expected = stdout.trimEnd().split('\n');
    await using broker = await startOwnBroker();
    const queue = 'standby-labels';
    const env = {
      ...{ DISCOGS_ROOT: data, AMQP_CONNECTION: broker.url, AMQP_QUEUES: 'standby-{type}', DATA_TYPES: 'labels' },
      ...{ QUEUE_SIZE: String(queueSize), STATE_SAVE_INTERVAL: '200', WAIT_FOR_LOCK: 'true' },
    };
    await using first = await startService(['--source', dumps], env);
    await using second = await startService(['--source', dumps, '--once'], env);
    await second.says('Standby: another extractor works in');
    const killAt = Math.floor(random() * 0.8 * records);
    await until(
      () => first.json('/status'),
      ({ files }) => ((files as { confirmed: number }[])[0]?.confirmed ?? 0) >= killAt,
    );
    first.process.kill('SIGKILL');
    await first.ended;
    const saved = (await readMarker(data, VERSION))?.processing_phase.progress_by_file[dumpFile(VERSION, 'labels')];
    expect(await second.ended, `seed ${seed}`).toMatchObject({ status: 0, stderr: '' });
    expect(second.output()).toContain(`"resumed_after":${saved?.messages_published ?? 0}`);

    const bodies = (await drainQueue(broker.url, queue)).map(({ body }) => body.toString());
    expect(JSON.parse(bodies.at(-1)!)).toMatchObject({ type: 'file_complete', total_processed: records });
    const arrived = bodies.slice(
      0,
      bodies.findIndex((body) => body.startsWith('{"type":"file_complete"')),
    );
    expect([...new Set(arrived)], `seed ${seed}`).toEqual(expected);
    expect(arrived.length - records, `seed ${seed}`).toBeLessThanOrEqual(queueSize);
  });
});
