import { parentPort, workerData } from 'node:worker_threads';
import { encodeBlock } from '../block/encode-block.js';
import { createEngine } from '../engine.js';
import { movableMemory, type WorkerRequest, type WorkerResponse, type WorkerSetup } from './protocol.js';

/*
 * What a worker thread runs: one block after the other. The package's build makes this file, with all that it imports,
 * into a string (`worker-source.generated.ts`), so that bundlers have nothing to find.
 */

const { engine, ...limits } = workerData as WorkerSetup;
const regular = createEngine(engine, limits);

parentPort!.on('message', ({ task, bytes, ...request }: WorkerRequest) => {
  const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const result = encodeBlock({ ...request, bytes: block }, regular);
  const memory = movableMemory(bytes.buffer, result.bytes.buffer, result.table.buffer, result.hashes.buffer);
  parentPort!.postMessage({ task, result, bytes } satisfies WorkerResponse, memory);
});
