import { parentPort, workerData } from 'node:worker_threads';
import { setThreadNiceness } from '@discogs-extractor/internal/thread-priority';
import { type BlockResult, encodeBlock } from '../block/encode-block.js';
import { Inflater, inflaterModule } from '../gzip/inflater.js';
import type { WorkerSetup } from '../input/start-worker.js';
import { createEngine } from '../kernel/engine.js';
import type { FastRecords } from '../kernel/fast-records.js';
import type { Kernel } from '../kernel/kernel.js';
import type { RegularRecords } from '../kernel/regular-records.js';
import {
  type EncodeRequest,
  type LegRequest,
  movableMemory,
  type WorkerRequest,
  type WorkerResponse,
} from './protocol.js';
import { runLeg } from './relay-leg.js';

/*
 * What a worker thread runs: one block after the other. The package's build makes this file, with all that it imports,
 * into a string (`worker-source.generated.ts`), so that bundlers have nothing to find.
 */

setThreadNiceness((workerData as WorkerSetup).nice);

type WorkerLimits = Pick<WorkerRequest, 'engine' | 'maxDepth' | 'maxRecordBytes'>;

/** Made when first needed: a pool serves dumps of either engine and of any limits, mostly one. */
const engines = new Map<string, RegularRecords | undefined>();
const engineFor = ({ engine, maxDepth, maxRecordBytes }: WorkerLimits): RegularRecords | undefined => {
  const key = `${engine} ${maxDepth} ${maxRecordBytes}`;
  if (!engines.has(key)) engines.set(key, createEngine(engine, { maxDepth, maxRecordBytes }));
  return engines.get(key);
};

/** One for each kernel, whose memory it works in. */
const inflaters = new Map<Kernel, Inflater>();
const inflaterFor = (kernel: Kernel): Inflater => {
  const inflater = inflaters.get(kernel) ?? new Inflater(inflaterModule(), kernel.memory);
  inflaters.set(kernel, inflater);
  return inflater;
};

const post = (response: WorkerResponse, ...moved: (ArrayBufferLike | undefined)[]): void =>
  parentPort!.postMessage(response, movableMemory(...moved));

const encode = ({ bytes, ...request }: EncodeRequest & WorkerRequest): void => {
  const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const result = encodeBlock({ ...request, bytes: block }, engineFor(request));
  const { task } = request;
  post({ kind: 'encoded', task, result, bytes }, bytes.buffer, ...memoryOf(result));
};

const runLegOf = (request: LegRequest & WorkerRequest): void => {
  const { task, boundary } = request;
  // Only the fast engine's sources can be relayed.
  const regular = engineFor(request) as FastRecords;
  const kernel = regular.kernelFor(boundary.dataType!);
  const done = runLeg(request, { inflater: inflaterFor(kernel), regular, room: kernel.room }, (handedOver) => {
    post({ kind: 'handed-over', task, handedOver }, handedOver.rest.buffer);
  });
  const { result, leftover } = done;
  post({ kind: 'leg-done', task, done }, leftover.buffer, ...(result === undefined ? [] : memoryOf(result)));
};

const memoryOf = ({ bytes, table, hashes }: BlockResult): ArrayBufferLike[] => [
  bytes.buffer,
  table.buffer,
  hashes.buffer,
];

parentPort!.on('message', (request: WorkerRequest) => {
  if (request.kind === 'leg') runLegOf(request);
  else encode(request);
});
