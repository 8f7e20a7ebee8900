import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SinkBlock } from '../../src/changes/select-records.js';
import type { FileSink, OpenOptions, Sink } from '../../src/sinks/sink.js';
import { blockOf } from './blocks.js';

/** The file that the cases deliver. */
export const CONTRACT_TARGET = {
  version: '20260101',
  dataType: 'artists',
  file: 'discogs_20260101_artists.xml.gz',
} as const;

/** A sink under test, and access to its output. */
export interface SinkHarness extends AsyncDisposable {
  readonly sink: Sink;
  /** Takes the message bodies that arrived since the last call, in order; `undefined` if the sink keeps nothing. */
  arrived(): Promise<readonly string[] | undefined>;
  /** The bodies of `extraction_complete` that are there now, which it takes; `undefined` if the sink keeps nothing. */
  completions(): Promise<readonly string[] | undefined>;
}

/** One rule that every sink must keep. */
export interface SinkCase {
  readonly name: string;
  /**
   * Rejects if the sink breaks the rule.
   *
   * @param createHarness - creates a sink with an empty output each time
   */
  run(createHarness: () => Promise<SinkHarness>): Promise<void>;
}

const COMPLETE = '{"type":"file_complete"}';
const RECORDS = 1000;
const BLOCK_RECORDS = 50;

const bodies = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `{"type":"data","id":"${from + index}"}`);

/** Opens a file of the sink; `saved` has what the sink reported as durable. */
const open = async (
  sink: Sink,
  options: Partial<OpenOptions> = {},
): Promise<{ readonly file: FileSink; readonly saved: number[] }> => {
  const saved: number[] = [];
  const file = await sink.open(CONTRACT_TARGET, {
    resumeAfter: 0,
    checkpoint: undefined,
    signal: new AbortController().signal,
    save: async (confirmed) => {
      saved.push(confirmed);
    },
    ...options,
  });
  return { file, saved };
};

/** Writes the records `from` to `to` in blocks, and checks `confirmed` after each. */
const write = async (file: FileSink, from: number, to: number): Promise<void> => {
  let before = file.confirmed;
  for (let first = from; first <= to; first += BLOCK_RECORDS) {
    const count = Math.min(BLOCK_RECORDS, to - first + 1);
    await file.write(blockOf(first, count));
    const { confirmed } = file;
    assert.ok(confirmed >= before, `confirmed decreased from ${before} to ${confirmed}`);
    assert.ok(confirmed < first + count, `record ${confirmed} is confirmed, but was not written`);
    before = confirmed;
  }
};

const rule = (name: string, check: (harness: SinkHarness) => Promise<void>): SinkCase => ({
  name,
  run: async (createHarness) => {
    await using harness = await createHarness();
    await check(harness);
  },
});

/** Without the repetitions that a sink may deliver after a stop. */
const withoutRepeats = (arrived: readonly string[]): string[] => [...new Set(arrived)];

/**
 * What every {@link Sink} must do, as cases for any test runner:
 *
 * ```ts
 * for (const { name, run } of sinkContract) test(name, () => run(createHarness));
 * ```
 */
export const sinkContract: readonly SinkCase[] = [
  rule(
    'delivers extraction_complete, again when it is asked again, and not after a stop',
    async ({ sink, completions }) => {
      const stop = new AbortController();
      await sink.completeDump(CONTRACT_TARGET.version, Buffer.from('{"n":1}'), stop.signal);
      const first = await completions();
      await sink.completeDump(CONTRACT_TARGET.version, Buffer.from('{"n":2}'), stop.signal);
      const second = await completions();
      if (first) {
        assert.deepEqual([...new Set(first)], ['{"n":1}']);
        assert.deepEqual(
          second,
          first.map(() => '{"n":2}'),
        );
      }
      stop.abort(new Error('stopped'));
      await assert.rejects(sink.completeDump(CONTRACT_TARGET.version, Buffer.from('{"n":3}'), stop.signal), /stopped/);
    },
  ),

  rule('delivers every record in order, and file_complete last', async ({ sink, arrived }) => {
    const { file } = await open(sink);
    assert.equal(file.resumedAfter, 0);
    assert.equal(file.confirmed, 0);
    await write(file, 1, RECORDS);
    await file.complete(Buffer.from(COMPLETE));
    assert.equal(file.confirmed, RECORDS, 'every record is confirmed once file_complete is');
    assert.ok(file.lastConfirmedAt instanceof Date);
    await file.close();
    const output = await arrived();
    if (output) assert.deepEqual(output, [...bodies(1, RECORDS), COMPLETE]);
  }),

  rule('confirms only records that arrived, without a gap', async ({ sink, arrived }) => {
    const { file } = await open(sink);
    await write(file, 1, RECORDS);
    await file.close({ timeoutMs: 5000 });
    const { confirmed } = file;
    const output = await arrived();
    if (output) assert.deepEqual(output.slice(0, confirmed), bodies(1, confirmed));
  }),

  rule('confirms what was written when close has time for it', async ({ sink }) => {
    const { file } = await open(sink);
    await write(file, 1, 100);
    await file.close({ timeoutMs: 10_000 });
    assert.equal(file.confirmed, 100);
  }),

  rule('saves only what is confirmed, in ascending order', async ({ sink }) => {
    let file: FileSink | undefined;
    const saved: number[] = [];
    ({ file } = await open(sink, {
      save: async (confirmed) => {
        assert.ok(file && confirmed <= file.confirmed, `record ${confirmed} was saved before it was confirmed`);
        saved.push(confirmed);
      },
    }));
    await write(file, 1, RECORDS);
    await file.complete(Buffer.from(COMPLETE));
    await file.close();
    assert.deepEqual(
      saved,
      [...saved].sort((a, b) => a - b),
    );
  }),

  rule('confirms omitted records once all before them are confirmed', async ({ sink, arrived }) => {
    // The first of all, single ones, those at the end of a block and of the file, and whole blocks.
    const isOmitted = (number: number): boolean =>
      number <= 3 || number % 7 === 0 || (number > 95 && number <= 230) || number > 290;
    const delivered = (from: number, to: number): string[] =>
      bodies(from, to).filter((_, index) => !isOmitted(from + index));
    const writeSome = async (file: FileSink, from: number, to: number): Promise<void> => {
      for (let first = from; first <= to; first += BLOCK_RECORDS) {
        await file.write(blockOf(first, Math.min(BLOCK_RECORDS, to - first + 1), isOmitted));
      }
    };
    const { file: first, saved } = await open(sink);
    await writeSome(first, 1, 250);
    await first.close({ timeoutMs: 10_000 });
    const { confirmed: resumeAfter, checkpoint } = first;
    assert.equal(resumeAfter, 250);
    assert.ok(saved.every((record) => record <= 250));
    const { file: second } = await open(sink, { resumeAfter, checkpoint });
    await writeSome(second, second.resumedAfter + 1, 300);
    await second.flush?.();
    await second.complete(Buffer.from(COMPLETE));
    assert.equal(second.confirmed, 300);
    await second.close();
    const output = await arrived();
    if (output) assert.deepEqual(withoutRepeats(output), [...delivered(1, 300), COMPLETE]);
  }),

  rule('confirms tombstones after all records, apart from them', async ({ sink, arrived }) => {
    const tombstones = ['1', '2', 'x "3'].map((id) => ({ id, message: Buffer.from(JSON.stringify({ id })) }));
    const { file } = await open(sink);
    await write(file, 1, 100);
    assert.equal(file.deleted, 0);
    await file.delete(tombstones.slice(0, 2));
    assert.deepEqual([file.confirmed, file.deleted], [100, 2]);
    await file.delete(tombstones.slice(2));
    await file.complete(Buffer.from(COMPLETE));
    await file.close();
    assert.deepEqual([file.confirmed, file.deleted], [100, 3]);
    const output = await arrived();
    if (output) assert.deepEqual(output, [...bodies(1, 100), COMPLETE]);
  }),

  rule('resumes after the confirmed records', async ({ sink, arrived }) => {
    const { file: first } = await open(sink);
    await write(first, 1, 300);
    await first.close({ timeoutMs: 10_000 });
    const { confirmed: resumeAfter, checkpoint } = first;
    const { file: second } = await open(sink, { resumeAfter, checkpoint });
    assert.equal(second.restartReason, undefined);
    assert.ok(second.resumedAfter <= first.confirmed);
    assert.equal(second.confirmed, second.resumedAfter);
    await write(second, second.resumedAfter + 1, RECORDS);
    await second.complete(Buffer.from(COMPLETE));
    assert.equal(second.confirmed, RECORDS);
    await second.close();
    const output = await arrived();
    if (output) assert.deepEqual(withoutRepeats(output), [...bodies(1, RECORDS), COMPLETE]);
  }),

  rule('resumes once more, before file_complete is known to have arrived', async ({ sink, arrived }) => {
    const { file: first } = await open(sink);
    await write(first, 1, 100);
    const completed = await first.complete(Buffer.from(COMPLETE));
    const { confirmed: resumeAfter, checkpoint } = first;
    await first.close();
    // As if the process had been killed before it noted that the file is complete.
    const { file: second } = await open(sink, { resumeAfter, checkpoint });
    assert.equal(second.resumedAfter, 100);
    assert.deepEqual(await second.complete(Buffer.from(COMPLETE)), completed);
    await second.close();
    const output = await arrived();
    if (output) assert.deepEqual(withoutRepeats(output), [...bodies(1, 100), COMPLETE]);
    const now = { signal: new AbortController().signal };
    assert.equal(await sink.checkCompleted?.(CONTRACT_TARGET, completed, now), undefined);
  }),

  rule('names the same destination each time, one for each data type, as plain JSON', async ({ sink }) => {
    const dataTypes = ['artists', 'labels'] as const;
    const identify = async () => [...(await sink.identify({ dataTypes, signal: new AbortController().signal }))];
    const destinations = await identify();
    assert.deepEqual(
      destinations.map(([type]) => type),
      dataTypes,
    );
    for (const [, destination] of destinations) assert.equal(destination['sink'], sink.name);
    assert.deepEqual(JSON.parse(JSON.stringify(destinations)), destinations);
    await sink.prepare?.({ dataTypes, signal: new AbortController().signal });
    assert.deepEqual(await identify(), destinations);
  }),

  rule('releases no block twice', async ({ sink }) => {
    const { file } = await open(sink);
    const released: number[] = [];
    for (const first of [1, 11, 21]) {
      const block: SinkBlock = { ...blockOf(first, 10), release: () => released.push(first) };
      await file.write(block);
    }
    await file.complete(Buffer.from(COMPLETE));
    await file.close();
    assert.equal(new Set(released).size, released.length);
  }),

  rule('can be closed any number of times, and keeps confirmed afterwards', async ({ sink }) => {
    const { file } = await open(sink);
    await write(file, 1, 10);
    await Promise.all([file.close({ timeoutMs: 5000 }), file.close()]);
    const { confirmed } = file;
    await file.close();
    await sleep(50);
    assert.equal(file.confirmed, confirmed);
  }),

  rule('does not open for a signal that has aborted', async ({ sink }) => {
    const reason = new Error('stopped');
    await assert.rejects(
      open(sink, { signal: AbortSignal.abort(reason) }).then(async ({ file }) => {
        // A sink that has nothing to wait for may open; then its writes must reject.
        try {
          await file.write(blockOf(1, 1));
        } finally {
          await file.close();
        }
      }),
      (error) => error === reason,
    );
  }),

  rule('rejects with the reason of the signal, and releases everything', async ({ sink }) => {
    const controller = new AbortController();
    const reason = new Error('stopped');
    const { file } = await open(sink, { signal: controller.signal });
    await write(file, 1, 100);
    controller.abort(reason);
    await assert.rejects(file.write(blockOf(101, 1)), (error) => error === reason);
    await assert.rejects(file.complete(Buffer.from(COMPLETE)), (error) => error === reason);
    await file.close({ timeoutMs: 5000 });
    assert.ok(file.confirmed <= 100);
    // The output is free for the next file sink.
    const { file: next } = await open(sink, { resumeAfter: file.confirmed, checkpoint: file.checkpoint });
    await write(next, next.resumedAfter + 1, 100);
    await next.complete(Buffer.from(COMPLETE));
    assert.equal(next.confirmed, 100);
    await next.close();
  }),

  rule('delivers several files at a time', async ({ sink }) => {
    const types = ['artists', 'labels'] as const;
    const files = await Promise.all(
      types.map((dataType) =>
        sink.open(
          { ...CONTRACT_TARGET, dataType, file: `discogs_20260101_${dataType}.xml.gz` },
          { resumeAfter: 0, checkpoint: undefined, signal: new AbortController().signal, save: async () => {} },
        ),
      ),
    );
    await Promise.all(files.map((file) => write(file, 1, 200)));
    await Promise.all(files.map((file) => file.complete(Buffer.from(COMPLETE))));
    for (const file of files) {
      assert.equal(file.confirmed, 200);
      await file.close();
    }
  }),
];
