import { BASE_SHIFT, CODE_LENGTH_SYMBOLS, CODE_LENGTH_TEMPLATES, DISTANCE_TEMPLATES, END_OF_BLOCK } from './layout';
import { LITERAL, LITERAL_TEMPLATES, OTHER } from './layout';

/*
 * The meaning of deflate's symbols (RFC 1951, section 3.2.5) as table entries. Only the code's length is missing, which
 * decoding-table.ts adds to both counts of the entry.
 */

const NO_SYMBOL: u32 = OTHER;

/** The first symbol that stands for a length. Symbol 256 ends a block. */
const FIRST_LENGTH: u32 = 257;
const LAST_LENGTH: u32 = 285;
const LAST_DISTANCE: u32 = 29;

/** Writes all templates. */
export function writeTemplates(): void {
  for (let literal: u32 = 0; literal < 256; literal++) {
    setTemplate(LITERAL_TEMPLATES, literal, LITERAL | (literal << BASE_SHIFT));
  }
  setTemplate(LITERAL_TEMPLATES, 256, OTHER | END_OF_BLOCK);
  let length: u32 = 3;
  for (let symbol = FIRST_LENGTH; symbol < LAST_LENGTH; symbol++) {
    // The first eight symbols have no extra bits, the next four one bit, the next four two, and so on.
    const extra: u32 = symbol < FIRST_LENGTH + 8 ? 0 : (symbol - FIRST_LENGTH - 4) >> 2;
    setTemplate(LITERAL_TEMPLATES, symbol, (length << BASE_SHIFT) | extra);
    length += 1 << extra;
  }
  setTemplate(LITERAL_TEMPLATES, LAST_LENGTH, 258 << BASE_SHIFT);
  setTemplate(LITERAL_TEMPLATES, 286, NO_SYMBOL);
  setTemplate(LITERAL_TEMPLATES, 287, NO_SYMBOL);

  let distance: u32 = 1;
  for (let symbol: u32 = 0; symbol <= LAST_DISTANCE; symbol++) {
    // The first four symbols have no extra bits, the next two one bit, the next two two, and so on.
    const extra: u32 = symbol < 4 ? 0 : (symbol - 2) >> 1;
    setTemplate(DISTANCE_TEMPLATES, symbol, (distance << BASE_SHIFT) | extra);
    distance += 1 << extra;
  }
  setTemplate(DISTANCE_TEMPLATES, 30, NO_SYMBOL);
  setTemplate(DISTANCE_TEMPLATES, 31, NO_SYMBOL);

  for (let symbol: u32 = 0; symbol < CODE_LENGTH_SYMBOLS; symbol++) {
    setTemplate(CODE_LENGTH_TEMPLATES, symbol, symbol << BASE_SHIFT);
  }
}

function setTemplate(templates: usize, symbol: u32, entry: u32): void {
  store<u32>(templates + ((symbol as usize) << 2), entry);
}
