/**
 * Parses a `Retry-After` header (RFC 9110, section 10.2.3): seconds, or a date. A date is taken relative to the
 * response's own `Date` header if there is one, because clocks differ.
 *
 * @returns milliseconds from now; `undefined` if the header is missing or invalid
 */
export const parseRetryAfter = (
  value: string | undefined,
  date: string | undefined,
  now = Date.now(),
): number | undefined => {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^[0-9]+$/.test(text)) return Math.min(Number(text) * 1000, Number.MAX_SAFE_INTEGER);
  // Date.parse accepts more than HTTP dates, such as "-5" or "1.5".
  if (!/^[A-Za-z]{3,9},? /.test(text)) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at)) return undefined;
  const serverNow = date === undefined ? Number.NaN : Date.parse(date);
  return Math.max(0, at - (Number.isNaN(serverNow) ? now : serverNow));
};
