import { LINE_FEED, isSpace } from './bytes';
import { DIGESTS, ELEMENTS, ELEMENT_BYTES, EXAMPLES, HASH_DIGITS, INPUT, LINES, LONG_RECORDS, MAX_RECORDS } from './layout';
import { PATH_NODES, PREFIX_MASK, RECORD_NAME, SEED } from './layout';
import { FORM, RESULT, TABLE, TABLE_BYTES, UNKNOWN_IDS, UNKNOWN_ID_BYTES, WANTED_FIELDS, WORK, WORK_BYTES } from './layout';
import { Element, Mode, Result, Status, Table } from './layout';
import { inputEnd, outputEnd, outputStart, setInputEnd, setOutput, setPlatformReading } from './layout';
import { addedChild, cutEmptyId, findId, idBytes, idStart, isIdLeftOut, memberBytes } from './assemble-messages';
import { jsonGap, storeWork } from './assemble-messages';
import { Name, countNameBytes, forgetNames, internName, namesFull } from './interned-names';
import { isNormalized, normalizeRecord, normalizedIdEnd, normalizedIdStart, setNormalized } from './normalize';
import { elementsEnd, failedAt, scanRecord, setMaxDepth } from './scan-record';
import { writeShaConstants } from './sha256';
import { addToInventory, forgetInventory } from './take-inventory';
import { isUtf8 } from './validate-utf8';
import { boundJson, memberStart, writeRecord } from './write-json';

/* The kernel's exports. `layout.ts` explains the memory and the passes. */

/** The addresses that JavaScript reads and writes. */
export const inputAddress: usize = INPUT;
export const resultAddress: usize = RESULT;
export const recordNameAddress: usize = RECORD_NAME;
/** Eight random bytes, to be written before `configure`. */
export const seedAddress: usize = SEED;
export const formAddress: usize = FORM;
export const workAddress: usize = WORK;
export const tableAddress: usize = TABLE;
export const unknownIdsAddress: usize = UNKNOWN_IDS;
export const digestAddress: usize = DIGESTS;
export const longRecordsAddress: usize = LONG_RECORDS;
export const hashDigitsAddress: usize = HASH_DIGITS;
export const pathNodesAddress: usize = PATH_NODES;
export const examplesAddress: usize = EXAMPLES;
export const wantedFieldsAddress: usize = WANTED_FIELDS;
export const linesAddress: usize = LINES;

/** `id>`, and the address that it is interned from. */
const ID: usize = 0x3e6469;
const ID_ADDRESS: usize = RECORD_NAME + 112;

/** `{}` */
const EMPTY_OBJECT_BYTES: usize = 2;

export { assembleMessages, writeHashDigits } from './assemble-messages';
export { hashRecords } from './sha256';
export { addLine, beginLines, finishLines, readLines, setFields } from './transform-lines';
export { examples, inventoryFailed, pathGeneration, pathNodes } from './path-nodes';
export { beginInventory, finishInventory } from './take-inventory';

let recordName: usize = 0;
let idName: usize = 0;
let addsId: bool = false;
let maxRecordBytes: usize = 0;

/**
 * Prepares the kernel for a data type. The record's name and a `>` must be at RECORD_NAME.
 *
 * @param addId - whether a child `id` is added to a record with `@id` that has none
 * @param isPlatform - whether records are read as the platform reads them
 */
export function configure(addId: bool, isPlatform: bool, depth: u32, recordBytes: usize): void {
  v128.store(PREFIX_MASK, i8x16.splat(-1));
  v128.store(PREFIX_MASK, i8x16.splat(0), 16);
  writeShaConstants();
  addsId = addId;
  setPlatformReading(isPlatform);
  maxRecordBytes = recordBytes;
  setMaxDepth(depth);
  resetNames();
}

/**
 * Sets whether records are normalised. Their fields must be in FORM.
 *
 * @param stripsRecord - whether the record's own attributes become members
 * @param fields - how many
 */
export function setForm(normalizes: bool, stripsRecord: bool, fields: usize): void {
  setNormalized(normalizes, stripsRecord, fields);
}

/** Sets the end of the input, and where output may be written. */
export function setRegions(input: usize, outputFrom: usize, outputTo: usize): void {
  setInputEnd(input);
  setOutput(outputFrom, outputTo);
}

function resetNames(): void {
  forgetInventory();
  forgetNames();
  store<usize>(ID_ADDRESS, ID);
  recordName = internName(RECORD_NAME, countNameBytes(RECORD_NAME));
  idName = internName(ID_ADDRESS, countNameBytes(ID_ADDRESS));
}

/**
 * Reads at most `limit` records from `from` onwards. Returns the status.
 *
 * @param inventoryFrom - the number of the first record in the inventory; -1 to leave these records out of it
 */
export function run(from: usize, mode: u32, limit: usize, inventoryFrom: i32): u32 {
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
    const end = readRecord(start, inventoryFrom >= 0);
    if (end == 0) {
      status = failedAt >= inputEnd && inputEnd - start <= maxRecordBytes ? Status.INCOMPLETE : Status.IRREGULAR;
      break;
    }
    if (end - start > maxRecordBytes || !isRegularRecord(start, end)) {
      status = Status.IRREGULAR;
      break;
    }
    if (mode != Mode.COUNT) {
      const gap = mode == Mode.MESSAGES ? jsonGap(idStart, idBytes, memberBytes) : 0;
      const bound = boundJson(end - start);
      const needed = gap + (isNormalized ? 2 * bound : bound);
      if (needed > outputEnd - out) {
        if (records == 0) store<usize>(RESULT, needed, Result.NEEDED);
        break;
      }
      const json = out + gap;
      const raw = isNormalized ? json + bound : json;
      let jsonEnd = writeRecord(load<usize>(idName, Name.RANK), addedChild, raw);
      let member = memberStart;
      if (isIdLeftOut) jsonEnd = cutEmptyId(raw, member, jsonEnd);
      if (isNormalized) {
        jsonEnd = normalizeRecord(raw, jsonEnd, json);
        member = normalizedIdStart;
        // A message is not made of a record without members.
        if (jsonEnd <= json + EMPTY_OBJECT_BYTES) {
          status = Status.IRREGULAR;
          break;
        }
      }
      store<u8>(jsonEnd, LINE_FEED);
      if (mode == Mode.MESSAGES) {
        storeWork(WORK + records * WORK_BYTES, out, json, jsonEnd, member, memberBytes, idStart, idBytes);
      } else storeTable(TABLE + records * TABLE_BYTES, json, jsonEnd, start, end);
      out = jsonEnd + 1;
      if (idStart == 0) {
        store<usize>(UNKNOWN_IDS + unknownIds * UNKNOWN_ID_BYTES, records);
        store<usize>(UNKNOWN_IDS + unknownIds * UNKNOWN_ID_BYTES, ((start - INPUT) << 1) | (isIdLeftOut as usize), 4);
        unknownIds++;
      }
    }
    if (inventoryFrom >= 0) addToInventory((inventoryFrom as usize) + records);
    records++;
    at = end;
  }

  store<usize>(RESULT, at, Result.POSITION);
  store<usize>(RESULT, records, Result.RECORDS);
  store<usize>(RESULT, unknownIds, Result.UNKNOWN_IDS);
  store<usize>(RESULT, out, Result.OUTPUT_END);
  return status;
}

/**
 * Normalises the record whose JSON is at `json`, and writes it to the output. Returns its end, or 0 if the record is
 * refused.
 */
export function normalizeLine(json: usize, jsonEnd: usize): usize {
  const end = normalizeRecord(json, jsonEnd, outputStart);
  store<usize>(RESULT, normalizedIdStart, Result.ID_START);
  store<usize>(RESULT, normalizedIdEnd, Result.ID_END);
  return end;
}

/**
 * Runs pass 1, again with an empty name table if the table is full. Returns the record's end, or 0 (see `failedAt`).
 */
function readRecord(start: usize, hasShapes: bool): usize {
  const end = scanRecord(start, hasShapes);
  if (end != 0 || !namesFull) return end;
  resetNames();
  return scanRecord(start, hasShapes);
}

/** Whether pass 1 read a record of the data type that is an object, has a plain id and is valid UTF-8. */
function isRegularRecord(start: usize, end: usize): bool {
  if (load<usize>(ELEMENTS, Element.NAME) != recordName) return false;
  const hasAttributes = load<usize>(ELEMENTS, Element.ATTRIBUTES) != load<usize>(ELEMENTS, Element.ATTRIBUTES_END);
  const hasChildren = load<usize>(ELEMENTS, Element.SUBTREE_END) != ELEMENTS + ELEMENT_BYTES;
  return (hasAttributes || hasChildren) && findId(idName, addsId, elementsEnd) && isUtf8(start, end);
}

function storeTable(entry: usize, json: usize, jsonEnd: usize, xml: usize, xmlEnd: usize): void {
  store<usize>(entry, json - outputStart, Table.START);
  store<usize>(entry, jsonEnd - outputStart, Table.END);
  store<usize>(entry, xml - INPUT, Table.XML_START);
  store<usize>(entry, xmlEnd - INPUT, Table.XML_END);
}
