/** The grammar of Rust's `str::parse::<f64>`: neither white space nor hexadecimal numbers. */
const NUMBER = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const SPECIAL = /^([+-]?)(?:(inf|infinity)|nan)$/i;

/** Returns the number that a whole text is, which may be infinite or NaN; `undefined` if it is none. */
export const parseFloatExactly = (text: string): number | undefined => {
  if (NUMBER.test(text)) return Number(text);
  const special = SPECIAL.exec(text);
  if (special === null) return undefined;
  if (special[2] === undefined) return Number.NaN;
  return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
};

/** White space of Unicode, which differs a little from that of `String.trim`. */
const OUTER_SPACE = /^\p{White_Space}+|\p{White_Space}+$/gu;

/** The same for a text that may only begin with a number, such as `1999-03-00`. */
export const parseLeadingFloat = (text: string): number | undefined => {
  const whole = parseFloatExactly(text);
  if (whole !== undefined) return whole;
  const end = text.search(/[-/. T]/);
  return parseFloatExactly((end === -1 ? text : text.slice(0, end)).replaceAll(OUTER_SPACE, ''));
};
