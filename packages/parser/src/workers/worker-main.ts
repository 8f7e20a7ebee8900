import { parentPort, workerData } from 'node:worker_threads';
import { encodeBlock, type RegularRecords } from '../block/encode-block.js';
import { createEngine } from '../engine.js';
import { beNice } from './be-nice.js';
import { movableMemory, type WorkerRequest, type WorkerResponse, type WorkerSetup } from './protocol.js';

/*
 * What a worker thread runs: one block after the other. The package's build makes this file, with all that it imports,
 * into a string (`worker-source.generated.ts`), so that bundlers have nothing to find.
 */

const { nice } = workerData as WorkerSetup;
if (nice !== undefined) beNice(nice);

type WorkerLimits = Pick<WorkerRequest, 'engine' | 'maxDepth' | 'maxRecordBytes'>;

/** Made when first needed: a pool serves dumps of either engine and of any limits, mostly one. */
const engines = new Map<string, RegularRecords | undefined>();
const engineFor = ({ engine, maxDepth, maxRecordBytes }: WorkerLimits): RegularRecords | undefined => {
  const key = `${engine} ${maxDepth} ${maxRecordBytes}`;
  if (!engines.has(key)) engines.set(key, createEngine(engine, { maxDepth, maxRecordBytes }));
  return engines.get(key);
};

parentPort!.on('message', ({ task, bytes, ...request }: WorkerRequest) => {
  const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const result = encodeBlock({ ...request, bytes: block }, engineFor(request));
  const memory = movableMemory(bytes.buffer, result.bytes.buffer, result.table.buffer, result.hashes.buffer);
  parentPort!.postMessage({ task, result, bytes } satisfies WorkerResponse, memory);
});
