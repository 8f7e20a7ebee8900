import { AT, BRACE, BRACE_END, BRACKET, BRACKET_END, COMMA, LINE_FEED, QUOTE } from './bytes';
import { LINES, LINE_BYTES, Line, Mode, RESULT, Result, TABLE, TABLE_BYTES, Table, WANTED_FIELDS } from './layout';
import { WANTED_FIELD_BYTES, WORK, WORK_BYTES, WantedField, outputStart } from './layout';
import { MEMBER_EXTRA, jsonGap, storeWork } from './assemble-messages';
import { isNormalized, isRecordStripped, normalizeRecord, normalizedIdEnd, normalizedIdStart } from './normalize';
import { copy, endOfString, endOfValue, isId, isSame } from './scan-json';

/*
 * The kernel's part in transforms. The input are lines of canonical JSON. `readLines` writes the members that the
 * transforms need, for JavaScript to parse. Then `addLine` writes those records that no transform changed, in the form
 * in which `run` leaves them.
 */

/** The fields of this many bytes are parsed together: few enough that their text stays in the processor's cache. */
const MAX_FIELDS_BYTES: usize = 16 * 1024;

/** `@id` with the quote after it. */
const ATTRIBUTE_ID: u32 = 0x22_646940;
/** The bytes of a key without its name: two quotes and the colon. */
const KEY_EXTRA: usize = 3;
/** `,"id":` */
const ID_KEY_BYTES: usize = 6;
/** `{}` */
const EMPTY_OBJECT_BYTES: usize = 2;

let wantedFieldsEnd: usize = WANTED_FIELDS;

/** Sets how many entries WANTED_FIELDS has. */
export function setFields(count: usize): void {
  wantedFieldsEnd = WANTED_FIELDS + count * WANTED_FIELD_BYTES;
}

/**
 * Notes the next lines from `at` on in LINES, at most `limit` of them, and writes their fields to the output, as an array
 * of objects. Returns how many lines there are.
 */
export function readLines(at: usize, limit: usize): usize {
  let out = outputStart;
  let entry = LINES;
  const entriesEnd = LINES + limit * LINE_BYTES;
  const outputFull = outputStart + MAX_FIELDS_BYTES;
  store<u8>(out, BRACKET);
  while (entry < entriesEnd && out < outputFull) {
    const line = at;
    let id: usize = 0;
    let attributeId: usize = 0;
    let attributeIdEnd: usize = 0;
    let member: usize = 0;
    let memberEnd: usize = 0;
    // The first comma is overwritten with the brace.
    const object = ++out;
    at++;
    while (load<u8>(at) == QUOTE) {
      const name = at + 1;
      const nameEnd = endOfString(name) - 1;
      const end = endOfValue(nameEnd + 2);
      if (isWanted(name, nameEnd - name)) out = copy(at - 1, end, out);
      if (load<u32>(name) == ATTRIBUTE_ID) {
        attributeId = nameEnd + 2;
        attributeIdEnd = end;
      } else if (isId(name)) {
        id = nameEnd + 2;
        member = at - 1;
        memberEnd = end;
      }
      at = end + 1;
    }
    if (at == line + 1) at++;
    store<u8>(object, BRACE);
    out = max(out, object + 1);
    store<u8>(out, BRACE_END);
    store<u8>(++out, COMMA);
    const idEnd = attributeId == 0 ? memberEnd : attributeIdEnd;
    if (attributeId != 0) id = attributeId;
    const hasId = id != 0 && load<u8>(id) == QUOTE;
    store<usize>(entry, line, Line.START);
    store<usize>(entry, at, Line.END);
    store<usize>(entry, hasId ? id + 1 : 0, Line.ID_START);
    store<usize>(entry, hasId ? idEnd - id - 2 : 0, Line.ID_BYTES);
    store<usize>(entry, member, Line.MEMBER_START);
    store<usize>(entry, memberEnd - member, Line.MEMBER_BYTES);
    // Without its `@`, the attribute is the member.
    if (isRecordStripped && attributeId != 0) {
      store<usize>(entry, ID_KEY_BYTES + attributeIdEnd - attributeId, Line.MEMBER_BYTES);
    }
    entry += LINE_BYTES;
    at++;
  }
  store<u8>(out, BRACKET_END);
  store<usize>(RESULT, at, Result.POSITION);
  store<usize>(RESULT, out + 1, Result.OUTPUT_END);
  return (entry - LINES) / LINE_BYTES;
}

function isWanted(name: usize, bytes: usize): bool {
  for (let field = WANTED_FIELDS; field < wantedFieldsEnd; field += WANTED_FIELD_BYTES) {
    const wanted: usize = load<usize>(field, WantedField.NAME_BYTES);
    if (wanted > bytes || (wanted < bytes && load<u32>(field, WantedField.IS_PREFIX) == 0)) continue;
    if (!isSame(name, field + WantedField.NAME, min<usize>(wanted, 16))) continue;
    if (wanted <= 16 || isSame(name + 16, field + WantedField.NAME + 16, wanted - 16)) return true;
  }
  return false;
}

let mode: u32 = Mode.JSON;
let records: usize = 0;
let outputEnd: usize = 0;

/** Begins to write lines to the output. */
export function beginLines(outputMode: u32): void {
  mode = outputMode;
  records = 0;
  outputEnd = outputStart;
}

/**
 * Writes a record that is as `readLines` noted it. Returns where the output ends, or 0 if it was not written, because it
 * is not what it was expected to be: no record of a dump is refused.
 */
export function addLine(index: usize): usize {
  const entry = LINES + index * LINE_BYTES;
  const line: usize = load<usize>(entry, Line.START);
  const lineEnd: usize = load<usize>(entry, Line.END);
  const id: usize = load<usize>(entry, Line.ID_START);
  const idBytes: usize = load<usize>(entry, Line.ID_BYTES);
  const memberBytes: usize = load<usize>(entry, Line.MEMBER_BYTES);
  const isMessage = mode == Mode.MESSAGES;
  // The message takes the place of a longer member.
  if (isMessage && memberBytes > MEMBER_EXTRA + idBytes) return 0;
  const json = outputEnd + (isMessage ? jsonGap(id, idBytes, memberBytes) : 0);
  let member: usize = load<usize>(entry, Line.MEMBER_START);
  let end: usize;
  if (isNormalized) {
    end = normalizeRecord(line, lineEnd, json);
    if (end == 0) return 0;
    member = normalizedIdStart;
    if (normalizedIdEnd - member != memberBytes) return 0;
  } else {
    end = copy(line, lineEnd, json);
    member += json - line;
  }
  if (isMessage) {
    // A message is not made of a record without members.
    if (end == json + EMPTY_OBJECT_BYTES) return 0;
    storeWork(WORK + records * WORK_BYTES, outputEnd, json, end, member, memberBytes, id, idBytes);
  } else {
    const row = TABLE + records * TABLE_BYTES;
    store<usize>(row, json - outputStart, Table.START);
    store<usize>(row, end - outputStart, Table.END);
    store<u64>(row, 0, Table.XML_START);
  }
  store<u8>(end, LINE_FEED);
  outputEnd = end + 1;
  records++;
  return outputEnd;
}

/** Ends what {@link beginLines} began. Returns how many records were written. */
export function finishLines(): usize {
  store<usize>(RESULT, records, Result.RECORDS);
  store<usize>(RESULT, outputEnd, Result.OUTPUT_END);
  return records;
}
