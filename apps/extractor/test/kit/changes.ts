import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConfigSources, loadConfig } from '../../src/config/load-config.js';
import type { RunEvent } from '../../src/events/run-events.js';
import { type RunResult, runExtraction } from '../../src/pipeline/run-extraction.js';
import { createSink } from '../../src/sinks/create-sink.js';
import { createSource } from '../../src/sources/create-source.js';

export interface Executed extends RunResult {
  readonly events: readonly RunEvent[];
}

/** Executes one run in this process, with the settings of the environment. */
export const execute = async (
  env: NonNullable<ConfigSources['env']>,
  signal: AbortSignal = new AbortController().signal,
  onEvent: (event: RunEvent) => void = () => {},
): Promise<Executed> => {
  const config = await loadConfig({ env });
  const events: RunEvent[] = [];
  const sink = await createSink(config, { once: true, onPublisherEvent: () => {} });
  await using source = createSource(config, { env });
  const result = await runExtraction(config, {
    source,
    sink,
    signal,
    onEvent: (event) => {
      events.push(event);
      onEvent(event);
    },
  });
  return { ...result, events };
};

/** The messages of a file of the ndjson sink. */
export const linesOf = async (path: string): Promise<Record<string, unknown>[]> =>
  (await readFile(path, 'utf8').catch(() => ''))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/**
 * What a consumer has that replays a version's output from its beginning, as docs/changes.md says: hashes by id. The
 * second one are the tombstones that it cannot place, since the delivery is not complete.
 */
export const replay = async (path: string): Promise<[content: Map<string, string>, left: number]> => {
  const content = new Map<string, string>();
  const tombstones = await linesOf(`${path}.deleted.ndjson`);
  const remove = (count: number): void => {
    for (const { id } of tombstones.splice(0, count)) content.delete(String(id));
  };
  for (const { type, id, sha256, deleted = 0 } of await linesOf(`${path}.ndjson`)) {
    if (type === 'data') content.set(String(id), String(sha256));
    else remove(type === 'deleted' ? 1 : Number(deleted));
  }
  return [content, tombstones.length];
};

/** What a consumer that reads the output of the ndjson sink has: hashes by id. */
export class NdjsonConsumer {
  readonly #folder: string;
  readonly #read = new Map<string, number>();
  /** Hashes by id. */
  readonly records = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Applies what was added to a version's output, and returns it. */
  async catchUp(version: string, type: string): Promise<{ sent: string[]; deleted: string[]; completions: object[] }> {
    const lines = await this.#newLines(join(version, `${type}.ndjson`));
    const tombstones = await this.#newLines(join(version, `${type}.deleted.ndjson`));
    const sent = lines.filter(({ type: kind }) => kind === 'data');
    for (const { id, sha256 } of sent) this.records.set(String(id), String(sha256));
    for (const { id } of tombstones) this.records.delete(String(id));
    return {
      sent: sent.map(({ id }) => String(id)),
      deleted: tombstones.map(({ id }) => String(id)),
      completions: lines.filter(({ type: kind }) => kind === 'file_complete'),
    };
  }

  async #newLines(path: string): Promise<Record<string, unknown>[]> {
    const lines = await linesOf(join(this.#folder, path));
    const from = this.#read.get(path) ?? 0;
    this.#read.set(path, lines.length);
    return lines.slice(from);
  }
}
