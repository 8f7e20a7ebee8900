import { resolveEngine } from './kernel/engine.js';
import type { DumpInput, MapperModule, ParseOptions } from './options.js';
import { deliver } from './read/deliver.js';
import { DeliveredItems, type OpenDelivery } from './read/delivered-items.js';
import { type RecordStream, recordStream } from './read/record-stream.js';
import { resolveMapOptions } from './read/resolve-options.js';
import { newReadStats } from './reports.js';

/**
 * Reads a dump, calls a function of yours with each record as an object, on the worker threads, and yields what it
 * returns, in document order. Records for which it returns `undefined` are left out. Without workers, it runs on the
 * calling thread.
 *
 * @param mapper - an ES module that exports a function `createMapper` (`CreateMapper`): a path, relative to the current
 * folder, or a `file:` or `data:` URL; or such a module with options
 * @throws ParserError `INVALID_OPTIONS`, `ENGINE_UNAVAILABLE` immediately; everything else while iterating.
 */
export const mapRecords = <Result = unknown>(
  input: DumpInput,
  mapper: string | URL | MapperModule,
  options: ParseOptions = {},
): RecordStream<Result> => {
  const resolved = resolveMapOptions(mapper, options);
  const engine = resolveEngine(resolved.engine);
  const stats = newReadStats();
  const deliveries = deliver(input, resolved, engine, 'mapped', stats);
  return recordStream(new DeliveredItems(deliveries, openResults as OpenDelivery<Result>), stats);
};

const openResults: OpenDelivery<unknown> =
  ({ results }) =>
  (index) =>
    results![index];
