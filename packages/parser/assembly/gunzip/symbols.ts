import { BASE_SHIFT, CODE_LENGTH_SYMBOLS, CODE_LENGTH_TEMPLATES, DISTANCE_TEMPLATES, END_OF_BLOCK } from './layout';
import { LITERAL, LITERAL_TEMPLATES, OTHER } from './layout';

/*
 * What deflate's symbols mean (RFC 1951, section 3.2.5), as table entries that lack nothing but the length of the code: its bits
 * are still to be added to both counts.
 */

const NO_SYMBOL: u32 = OTHER;

/** The first symbol that is a length; 256 ends a block. */
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
    // Eight symbols without extra bits, then four with each number of them.
    const extra: u32 = symbol < FIRST_LENGTH + 8 ? 0 : (symbol - FIRST_LENGTH - 4) >> 2;
    setTemplate(LITERAL_TEMPLATES, symbol, (length << BASE_SHIFT) | extra);
    length += 1 << extra;
  }
  setTemplate(LITERAL_TEMPLATES, LAST_LENGTH, 258 << BASE_SHIFT);
  setTemplate(LITERAL_TEMPLATES, 286, NO_SYMBOL);
  setTemplate(LITERAL_TEMPLATES, 287, NO_SYMBOL);

  let distance: u32 = 1;
  for (let symbol: u32 = 0; symbol <= LAST_DISTANCE; symbol++) {
    // Four symbols without extra bits, then two with each number of them.
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
