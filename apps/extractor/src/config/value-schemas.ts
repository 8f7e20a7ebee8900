import * as z from 'zod';

/** Removes the white space around a text; leaves other values alone. */
export const trimmed = (value: unknown): unknown => (typeof value === 'string' ? value.trim() : value);

/** Removes the white space around a text, and writes it in lower case; leaves other values alone. */
export const lowerCase = (value: unknown): unknown => (typeof value === 'string' ? value.trim().toLowerCase() : value);

/** Reads a number that is written as text, as in the environment; leaves other values alone. */
export const numeric = (value: unknown): unknown =>
  typeof value === 'string' && /^[+-]?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value;

/** Splits a text at its commas; leaves other values alone. */
export const commaSeparated = (value: unknown): unknown =>
  typeof value === 'string'
    ? value
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== '')
    : value;

export const wholeNumber = (min: number, max: number): z.ZodType<number> =>
  z.preprocess(numeric, z.number().int().min(min).max(max));

const TRUE_WORDS = new Set(['true', '1', 'yes', 'on', 't', 'y']);
const FALSE_WORDS = new Set(['false', '0', 'no', 'off', 'f', 'n']);

export const booleanValue: z.ZodType<boolean> = z.preprocess((value) => {
  if (typeof value !== 'string') return value;
  const word = value.trim().toLowerCase();
  return TRUE_WORDS.has(word) ? true : FALSE_WORDS.has(word) ? false : value;
}, z.boolean());

export const requiredText: z.ZodType<string> = z.preprocess(trimmed, z.string().min(1));

export const optionalText: z.ZodType<string | undefined> = z.preprocess(trimmed, z.string().min(1).optional());

const isHttpUrl = (value: string): boolean => {
  try {
    return ['http:', 'https:'].includes(new URL(value).protocol);
  } catch {
    return false;
  }
};

export const httpUrl: z.ZodType<string> = z.preprocess(trimmed, z.string().refine(isHttpUrl));

const isCalendarDay = (version: string): boolean => {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(version) ?? [];
  if (!year || !month || !day) return false;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
};

/** `YYYYMMDD`, as text or as a TOML number. */
export const calendarDay: z.ZodType<string> = z.preprocess(
  (value) => (typeof value === 'number' ? String(value) : trimmed(value)),
  z.string().refine(isCalendarDay),
);
