/** The grammar of Rust's `str::parse::<f64>`: neither white space nor hexadecimal numbers. */
const NUMBER = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const SPECIAL = /^([+-]?)(?:(inf|infinity)|nan)$/i;

/** So many digits are a number that JavaScript holds exactly. */
const MAX_PLAIN_DIGITS = 15;

/** Returns how many digits a text begins with. */
const countDigits = (text: string): number => {
  let count = 0;
  for (let unit = text.charCodeAt(0); unit >= 0x30 && unit <= 0x39; unit = text.charCodeAt(count)) count++;
  return count;
};

/** Returns the number that a whole text is, which may be infinite or NaN; `undefined` if it is none. */
export const parseFloatExactly = (text: string): number | undefined => {
  const digits = countDigits(text);
  // Most texts are a year, or no number.
  if (digits === text.length && digits > 0 && digits <= MAX_PLAIN_DIGITS) return Number(text);
  if (NUMBER.test(text)) return Number(text);
  const special = SPECIAL.exec(text);
  if (special === null) return undefined;
  if (special[2] === undefined) return Number.NaN;
  return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
};

/** White space of Unicode, which differs a little from that of `String.trim`. */
const OUTER_SPACE = /^\p{White_Space}+|\p{White_Space}+$/gu;

/** What can follow a number that a text begins with. A point can be a part of it. */
const END_OF_NUMBER = new Set(['-', '/', ' ', 'T']);

/** The same for a text that may only begin with a number, such as `1999-03-00`. */
export const parseLeadingFloat = (text: string): number | undefined => {
  const digits = countDigits(text);
  if (digits > 0 && digits <= MAX_PLAIN_DIGITS && END_OF_NUMBER.has(text.charAt(digits))) {
    return Number(text.slice(0, digits));
  }
  const whole = parseFloatExactly(text);
  if (whole !== undefined) return whole;
  const end = text.search(/[-/. T]/);
  return parseFloatExactly((end === -1 ? text : text.slice(0, end)).replaceAll(OUTER_SPACE, ''));
};
