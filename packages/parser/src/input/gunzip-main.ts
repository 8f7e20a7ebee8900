import { parentPort, workerData } from 'node:worker_threads';
import { setThreadNiceness } from '@discogs-extractor/internal/thread-priority';
import { GzipDecoder } from '../gzip/gzip-decoder.js';
import { Inflater } from '../gzip/inflater.js';
import { newChunk } from './chunk-memory.js';
import type { GunzipRequest, GunzipResponse } from './gunzip-protocol.js';
import type { WorkerSetup } from './start-worker.js';

/*
 * What the gunzip thread runs: it fills memory as it is given, with input as it is given, and waits for whichever is missing. The
 * package's build makes this file, with all that it imports, into a string.
 */

setThreadNiceness((workerData as WorkerSetup).nice);

const rooms: ArrayBuffer[] = [];
/** The memory of input that was not used up yet. */
const given: ArrayBuffer[] = [];
let decoder: GzipDecoder | undefined;
let finish: { cut: boolean } | undefined;
let ended = false;

const post = (response: GunzipResponse, ...moved: ArrayBuffer[]): void => parentPort!.postMessage(response, moved);

/** The chunk that is being filled. */
let chunk: Uint8Array<ArrayBuffer> | undefined;
let filled = 0;

const send = (): void => {
  const bytes = chunk!.subarray(0, filled);
  chunk = undefined;
  filled = 0;
  post({ kind: 'chunk', bytes }, bytes.buffer);
};

const goOn = (): void => {
  if (decoder === undefined || ended) return;
  for (;;) {
    if (chunk === undefined) {
      const memory = rooms.shift();
      if (memory === undefined) return;
      chunk = newChunk(memory);
    }
    filled += decoder.read(chunk.subarray(filled));
    while (given.length > decoder.waiting) {
      const memory = given.shift()!;
      post({ kind: 'used', memory }, memory);
    }
    if (filled === chunk.length) {
      send();
      continue;
    }
    const isOver = decoder.fault !== undefined || finish !== undefined;
    // Whoever reads a stream that comes slowly gets what there is of it.
    if (filled > 0) send();
    if (isOver) {
      ended = true;
      post({ kind: 'end', fault: decoder.fault });
    }
    return;
  }
};

parentPort!.on('message', (request: GunzipRequest) => {
  switch (request.kind) {
    case 'begin':
      decoder = new GzipDecoder(new Inflater(request.module), request.saved);
      break;
    case 'input':
      given.push(request.bytes.buffer);
      decoder!.push(request.bytes);
      break;
    case 'finish':
      finish = request;
      if (!request.cut) decoder!.finish();
      break;
    case 'room':
      rooms.push(request.memory);
  }
  goOn();
});
