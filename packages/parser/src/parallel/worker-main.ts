import { parentPort, workerData } from 'node:worker_threads';
import { setThreadNiceness } from '@discogs-extractor/internal/thread-priority';
import { type BlockResult, encodeBlock } from '../block/encode-block.js';
import { ParserError } from '../errors.js';
import { Inflater, inflaterModule } from '../gzip/inflater.js';
import { createEngine } from '../kernel/engine.js';
import type { FastRecords } from '../kernel/fast-records.js';
import type { Kernel } from '../kernel/kernel.js';
import type { RegularRecords } from '../kernel/regular-records.js';
import { LoadedTransforms } from '../transform/load-transforms.js';
import { changeBlock, sendBlock } from '../transform/map-block.js';
import { copyOfError } from '../transform/transform-block.js';
import { inflateSegment } from './inflate-segment.js';
import type { WorkerSetup } from './start-worker.js';
import {
  type EncodeRequest,
  type EngineRequest,
  type SegmentRequest,
  type TransformRequest,
  transferableMemory,
  type WorkerRequest,
  type WorkerResponse,
} from './worker-messages.js';

/*
 * The program of a worker thread: it encodes one block after the other. The build turns this file, with everything it
 * imports, into a string (`worker-source.generated.ts`), so that bundlers of the package's users have no file to find.
 */

setThreadNiceness((workerData as WorkerSetup).nice);

type EngineSettings = Pick<EngineRequest, 'engine' | 'reading' | 'isNormalized' | 'maxDepth' | 'maxRecordBytes'>;

/** Created when first needed: a shared pool serves reads with any engine, reading and limits. */
const engines = new Map<string, RegularRecords | undefined>();
const engineFor = ({ engine, ...request }: EngineSettings): RegularRecords | undefined => {
  const { reading, isNormalized, maxDepth, maxRecordBytes } = request;
  const key = `${engine} ${reading} ${isNormalized} ${maxDepth} ${maxRecordBytes}`;
  if (!engines.has(key)) engines.set(key, createEngine(engine, { reading, isNormalized, maxDepth, maxRecordBytes }));
  return engines.get(key);
};

/** One for each kernel, in whose memory it works. */
const inflaters = new Map<Kernel, Inflater>();
const inflaterFor = (kernel: Kernel): Inflater => {
  const inflater = inflaters.get(kernel) ?? new Inflater(inflaterModule(), kernel.memory);
  inflaters.set(kernel, inflater);
  return inflater;
};

const post = (response: WorkerResponse, ...moved: (ArrayBufferLike | undefined)[]): void =>
  parentPort!.postMessage(response, transferableMemory(...moved));

const encode = ({ bytes, ...request }: EncodeRequest & EngineRequest): void => {
  const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const result = encodeBlock({ ...request, bytes: block }, engineFor(request));
  const { task } = request;
  post({ kind: 'encoded', task, result, bytes }, bytes.buffer, ...memoryOf(result));
};

const runSegment = (request: SegmentRequest & EngineRequest): void => {
  const { task, boundary } = request;
  // Only reads with the fast engine send segments.
  const regular = engineFor(request) as FastRecords;
  const kernel = regular.kernelFor(boundary.dataType!);
  const tools = { inflater: inflaterFor(kernel), regular, blockMemory: kernel.inputBuffer };
  const done = inflateSegment(request, tools, (handoff) => {
    post({ kind: 'handoff', task, handoff }, handoff.rest.buffer);
  });
  const { result, leftover } = done;
  post({ kind: 'segment-done', task, done }, leftover.buffer, ...(result === undefined ? [] : memoryOf(result)));
};

/** By read. */
const transforms = new Map<number, Promise<LoadedTransforms>>();

const transform = async ({ task, read, engine, sources, block, memory }: TransformRequest): Promise<void> => {
  try {
    if (sources !== undefined) transforms.set(read, LoadedTransforms.load(sources, engine));
    const loaded = await transforms.get(read)!;
    if (block === undefined) {
      post({ kind: 'transformed', task, block: undefined, memory: undefined });
      return;
    }
    const { buffer } = block.bytes;
    sendBlock(changeBlock({ ...block, memory }, loaded), block, (changed) => {
      post({ kind: 'transformed', task, block: changed, memory: buffer as ArrayBuffer }, buffer, ...memoryOf(changed));
    });
  } catch (error) {
    // Anything else is a defect, and ends the thread.
    if (!(error instanceof ParserError)) throw error;
    const { message, facts, cause } = error;
    post({ kind: 'transform-refused', task, message, module: facts.module, cause: copyOfError(cause) });
  }
};

const memoryOf = ({ bytes, table, hashes }: Pick<BlockResult, 'bytes' | 'table' | 'hashes'>): ArrayBufferLike[] => [
  bytes.buffer,
  table.buffer,
  hashes.buffer,
];

parentPort!.on('message', (request: WorkerRequest) => {
  if (request.kind === 'inflate-segment') runSegment(request);
  else if (request.kind === 'encode') encode(request);
  else if (request.kind === 'transform') void transform(request);
  else transforms.delete(request.read);
});
