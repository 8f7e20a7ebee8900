/** Stands for a value that a setting does not accept. */
export const INVALID: unique symbol = Symbol('invalid');

/**
 * Returns the setting that a given value stands for, or {@link INVALID}. Written by hand, because loading a library of
 * schemas takes longer than everything else that a start loads.
 */
export type ParseValue<T> = (value: unknown) => T | typeof INVALID;

/** Removes the white space around a text; leaves other values alone. */
const trimmed = (value: unknown): unknown => (typeof value === 'string' ? value.trim() : value);

/** Reads a number that is written as text, as in the environment; leaves other values alone. */
const numeric = (value: unknown): unknown =>
  typeof value === 'string' && /^[+-]?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value;

/** A number that the condition accepts. */
export const numberIf =
  (isAccepted: (value: number) => boolean): ParseValue<number> =>
  (value) => {
    const number = numeric(value);
    return typeof number === 'number' && Number.isFinite(number) && isAccepted(number) ? number : INVALID;
  };

export const wholeNumber = (min: number, max: number): ParseValue<number> =>
  numberIf((value) => Number.isSafeInteger(value) && value >= min && value <= max);

/** A text that the condition accepts, without the white space around it. */
export const textIf =
  (isAccepted: (value: string) => boolean): ParseValue<string> =>
  (value) => {
    const text = trimmed(value);
    return typeof text === 'string' && isAccepted(text) ? text : INVALID;
  };

export const requiredText: ParseValue<string> = textIf((text) => text !== '');

/** One of the words, without the white space around it. */
export const oneOf =
  <const T extends string>(words: readonly T[]): ParseValue<T> =>
  (value) =>
    words.find((word) => word === trimmed(value)) ?? INVALID;

/** What the first of the parsers accepts, else what the second does. */
export const either =
  <A, B>(first: ParseValue<A>, second: ParseValue<B>): ParseValue<A | B> =>
  (value) => {
    const parsed = first(value);
    return parsed === INVALID ? second(value) : parsed;
  };

/**
 * A list, or a text with commas between its entries, that has at least one entry and only entries that are accepted.
 */
export const listOf =
  <T>(parseEntry: ParseValue<T>): ParseValue<readonly T[]> =>
  (value) => {
    const entries =
      typeof value === 'string'
        ? value
            .split(',')
            .map((word) => word.trim())
            .filter((word) => word !== '')
        : value;
    if (!Array.isArray(entries) || entries.length === 0) return INVALID;
    const parsed: T[] = [];
    for (const entry of entries) {
      const item = parseEntry(entry);
      if (item === INVALID) return INVALID;
      parsed.push(item);
    }
    return parsed;
  };

const TRUE_WORDS = new Set(['true', '1', 'yes', 'on']);
const FALSE_WORDS = new Set(['false', '0', 'no', 'off']);

export const booleanValue: ParseValue<boolean> = (value) => {
  if (typeof value === 'boolean') return value;
  const word = typeof value === 'string' ? value.trim().toLowerCase() : '';
  return TRUE_WORDS.has(word) ? true : FALSE_WORDS.has(word) ? false : INVALID;
};

const isHttpUrl = (value: string): boolean => {
  try {
    return ['http:', 'https:'].includes(new URL(value).protocol);
  } catch {
    return false;
  }
};

export const httpUrl: ParseValue<string> = textIf(isHttpUrl);

const isCalendarDay = (version: string): boolean => {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(version) ?? [];
  if (!year || !month || !day) return false;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
};

const day = textIf(isCalendarDay);

/** `YYYYMMDD`, as text or as a TOML number. */
export const calendarDay: ParseValue<string> = (value) => day(typeof value === 'number' ? String(value) : value);
