import { LINE_FEED, isSpace } from './bytes';
import { DIGESTS, ELEMENTS, ELEMENT_BYTES, INPUT, MAX_RECORDS, PREFIX_MASK, RESULT, SEED, TABLE, TABLE_BYTES } from './layout';
import { UNKNOWNS, UNKNOWN_BYTES, WORK, WORK_BYTES } from './layout';
import { Element, Mode, Result, Status, Table, Work } from './layout';
import { inputEnd, outputEnd, outputStart, setInputEnd, setOutput } from './layout';
import { addedChild, assembleMessages, findId, idBytes, idStart, jsonGap, memberBytes } from './messages';
import { Name, countNameBytes, forgetNames, internName, namesFull } from './names';
import { elementsEnd, failedAt, scanRecord, setMaxDepth } from './scan';
import { isUtf8 } from './utf8';
import { boundJson, memberStart, writeRecord } from './write';

/*
 * The kernel's exports. `layout.ts` explains memory and passes.
 */

/** Where JavaScript finds things. */
export const inputAddress: usize = INPUT;
export const resultAddress: usize = RESULT;
export const seedAddress: usize = SEED;
export const workAddress: usize = WORK;
export const tableAddress: usize = TABLE;
export const unknownAddress: usize = UNKNOWNS;
export const digestAddress: usize = DIGESTS;

/** `id>`, and where it is put to be interned. */
const ID: usize = 0x3e6469;
const ID_AT: usize = SEED + 112;

/** In TABLE: no id. */
const NONE: usize = -1;

let recordName: usize = 0;
let idName: usize = 0;
let addsId: bool = false;
let maxRecordBytes: usize = 0;

/**
 * Makes the kernel ready. The record's name and a `>` must stand at SEED.
 *
 * @param addId - whether a record with `@id` and no child `id` gets one
 */
export function configure(addId: bool, depth: u32, recordBytes: usize): void {
  v128.store(PREFIX_MASK, i8x16.splat(-1));
  v128.store(PREFIX_MASK, i8x16.splat(0), 16);
  addsId = addId;
  maxRecordBytes = recordBytes;
  setMaxDepth(depth);
  resetNames();
}

/** Says where the input ends and where output may be written. */
export function layout(input: usize, outputFrom: usize, outputTo: usize): void {
  setInputEnd(input);
  setOutput(outputFrom, outputTo);
}

function resetNames(): void {
  forgetNames();
  store<usize>(ID_AT, ID);
  recordName = internName(SEED, countNameBytes(SEED));
  idName = internName(ID_AT, countNameBytes(ID_AT));
}

/** Reads records from `from` on, at most `limit`; answers the status. */
export function run(from: usize, mode: u32, limit: usize): u32 {
  if (mode != Mode.COUNT) limit = min(limit, MAX_RECORDS);
  let at = from;
  let out = outputStart;
  let records: usize = 0;
  let unknownIds: usize = 0;
  let status: u32 = Status.FULL;
  store<usize>(RESULT, 0, Result.NEEDED);

  while (records < limit) {
    while (isSpace(load<u8>(at))) at++;
    const start = at;
    if (start >= inputEnd) {
      status = Status.INCOMPLETE;
      break;
    }
    const end = readRecord(start);
    if (end == 0) {
      status = failedAt >= inputEnd && inputEnd - start <= maxRecordBytes ? Status.INCOMPLETE : Status.IRREGULAR;
      break;
    }
    if (end - start > maxRecordBytes || !isRegularRecord(start, end)) {
      status = Status.IRREGULAR;
      break;
    }
    if (mode != Mode.COUNT) {
      const gap = mode == Mode.MESSAGES ? jsonGap() : 0;
      const needed = gap + boundJson(end - start);
      if (needed > outputEnd - out) {
        if (records == 0) store<usize>(RESULT, needed, Result.NEEDED);
        break;
      }
      const json = out + gap;
      const jsonEnd = writeRecord(load<usize>(idName, Name.RANK), addedChild, json);
      store<u8>(jsonEnd, LINE_FEED);
      if (mode == Mode.MESSAGES) noteWork(WORK + records * WORK_BYTES, out, json, jsonEnd);
      else noteJson(TABLE + records * TABLE_BYTES, json, jsonEnd);
      out = jsonEnd + 1;
      if (idStart == 0) {
        store<usize>(UNKNOWNS + unknownIds * UNKNOWN_BYTES, records);
        store<usize>(UNKNOWNS + unknownIds * UNKNOWN_BYTES, start - INPUT, 4);
        unknownIds++;
      }
    }
    records++;
    at = end;
  }

  store<usize>(RESULT, at, Result.POSITION);
  store<usize>(RESULT, records, Result.RECORDS);
  store<usize>(RESULT, unknownIds, Result.UNKNOWN_IDS);
  store<usize>(RESULT, out, Result.OUTPUT_END);
  return status;
}

/** Pass 1, once more with an empty name table where that ran full. Answers the record's end, or 0: see `failedAt`. */
function readRecord(start: usize): usize {
  const end = scanRecord(start);
  if (end != 0 || !namesFull) return end;
  resetNames();
  return scanRecord(start);
}

/** Whether what pass 1 read is a record of the data type, an object, of a plain id, in valid UTF-8. */
function isRegularRecord(start: usize, end: usize): bool {
  if (load<usize>(ELEMENTS, Element.NAME) != recordName) return false;
  const hasAttributes = load<usize>(ELEMENTS, Element.ATTRIBUTES) != load<usize>(ELEMENTS, Element.ATTRIBUTES_END);
  const hasChildren = load<usize>(ELEMENTS, Element.SUBTREE_END) != ELEMENTS + ELEMENT_BYTES;
  return (hasAttributes || hasChildren) && findId(idName, addsId, elementsEnd) && isUtf8(start, end);
}

function noteWork(entry: usize, line: usize, json: usize, jsonEnd: usize): void {
  store<usize>(entry, json, Work.JSON_START);
  store<usize>(entry, jsonEnd, Work.JSON_END);
  store<usize>(entry, memberStart, Work.MEMBER_START);
  store<usize>(entry, memberBytes, Work.MEMBER_BYTES);
  store<usize>(entry, idStart, Work.ID_START);
  store<usize>(entry, idBytes, Work.ID_BYTES);
  store<usize>(entry, line, Work.MESSAGE_START);
}

function noteJson(entry: usize, json: usize, jsonEnd: usize): void {
  store<usize>(entry, (json - outputStart), Table.START);
  store<usize>(entry, (jsonEnd - outputStart), Table.END);
  store<usize>(entry, idStart == 0 ? NONE : idStart - INPUT, Table.ID_START);
  store<usize>(entry, idStart == 0 ? NONE : idStart - INPUT + idBytes, Table.ID_END);
}

/** Makes messages of the last run's records. */
export function assemble(): void {
  assembleMessages();
}
