#!/usr/bin/env node
// `npm run demo`: generates a small dump, extracts it and shows the result. It writes to `.demo/` only. Records go to
// NDJSON files, or to RabbitMQ if AMQP_CONNECTION is set.
import { spawnSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { EXTRACTOR_CLI, ensureSetup, ROOT, SAMPLE_DUMPS_CLI } from './workspace.mjs';

const RECORDS_PER_TYPE = Number(process.env.DEMO_RECORDS ?? 10_000);
const VERSION = '20260101';
const TYPES = ['artists', 'labels', 'masters', 'releases'];

const demo = join(ROOT, '.demo');
const dumps = join(demo, 'dumps');
const data = join(demo, 'data');
const output = join(demo, 'output');
const sink = process.env.AMQP_CONNECTION ? 'amqp' : 'ndjson';

const step = (text) => console.log(`\n▶ ${text}`);

const node = (args, { capture = false } = {}) => {
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    env: { ...process.env, DISCOGS_ROOT: data, PROGRESS_LOG_INTERVAL: '5000', DUMP_VERSION: '', DATA_TYPES: '' },
  });
  if (status !== 0) {
    console.error(`The demo stopped: node ${args.slice(0, 2).join(' ')} ended with status ${status}`);
    process.exit(1);
  }
  return stdout;
};

const firstLine = async (path) => {
  const lines = createInterface({ input: createReadStream(path) });
  for await (const line of lines) return line;
};

ensureSetup();

step(`Generating a dump: ${RECORDS_PER_TYPE} records of each type, seed 1, in ${dumps}`);
await rm(demo, { recursive: true, force: true });
node([SAMPLE_DUMPS_CLI, '--output', dumps, '--records', String(RECORDS_PER_TYPE), '--seed', '1', '--version', VERSION]);

step(`Running: discogs-extractor run --once --source ${dumps} --sink ${sink}`);
node([
  EXTRACTOR_CLI,
  'run',
  '--once',
  '--source',
  dumps,
  '--sink',
  sink,
  ...(sink === 'ndjson' ? ['--output', output] : []),
]);

step('Result');
const marker = JSON.parse(node([EXTRACTOR_CLI, 'status', '--json'], { capture: true }));
for (const type of TYPES) {
  const file = `discogs_${VERSION}_${type}.xml.gz`;
  const progress = marker.processing_phase.progress_by_file[file];
  const seconds = (Date.parse(progress.completed_at) - Date.parse(progress.started_at)) / 1000;
  const rate = Math.round(progress.messages_published / seconds);
  const lines = join(output, VERSION, `${type}.ndjson`);
  const message =
    sink === 'ndjson'
      ? await firstLine(lines)
      : node([EXTRACTOR_CLI, 'parse', join(data, file), '--limit', '1', '--workers', '0'], { capture: true }).trim();
  console.log(`
${type}
  records    ${progress.messages_published}
  records/s  ${rate}
  output     ${sink === 'ndjson' ? lines : `exchange discogsography-exchange, queues discogsography-{graphinator,tableinator}-${type}`}
  message    ${message}`);
}
