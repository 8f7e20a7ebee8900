import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOwnBroker } from '@discogs-extractor/test-broker';
import { expect, it } from 'vitest';
import { runCli } from './kit/cli.js';
import { smallDump, writeDump } from './kit/dumps.js';
import { startService } from './kit/service.js';

const VERSION = '20260101';
const RECORDS = 60;
const KEPT = 10;

it('says nowhere that all was delivered if a policy of the broker drops messages', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'missing-'));
  await using broker = await startOwnBroker();
  try {
    await broker.setPolicy('short', '^discogsography-graphinator-artists$', { 'max-length': KEPT });
    await writeDump(join(folder, 'dumps'), VERSION, smallDump(RECORDS));
    const args = ['--types', 'artists', '--source', join(folder, 'dumps')];
    const env = { DISCOGS_ROOT: join(folder, 'data'), AMQP_CONNECTION: broker.url };
    {
      await using service = await startService(args, env);
      await service.reaches('waiting');
      const status = (await service.json('/status')) as { files: { missing: number }[]; last_check: object };
      expect(status.last_check).toMatchObject({ outcome: 'incomplete' });
      const { missing } = status.files[0]!;
      // `file_complete` is a message too.
      expect(missing).toBe(RECORDS + 1 - KEPT);
      const metrics = await (await service.request('/metrics')).text();
      expect(metrics).toContain('discogs_extractor_runs_total{outcome="incomplete"} 1\n');
      expect(metrics).toContain(`discogs_extractor_file_missing_messages{data_type="artists"} ${missing}\n`);
      expect(service.output()).toContain('not in the queues any more');
      expect(service.output()).not.toMatch(/all \d+ records delivered/);
    }
    // Later runs remember it.
    const again = await runCli(['run', '--once', ...args], { env });
    expect(again.status).toBe(1);
    expect(again.stdout).toContain(`"undelivered":${RECORDS + 1 - KEPT}`);
    const verified = await runCli(['verify'], { env });
    expect(verified.status).toBe(1);
    expect(verified.stdout).toMatch(/graphinator-artists .* short by 51: /);
    expect(verified.stdout).toMatch(/tableinator-artists .* complete$/m);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
