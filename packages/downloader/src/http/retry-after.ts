/**
 * Reads a `Retry-After` header (RFC 9110, section 10.2.3): seconds, or a date. A date is taken relative to the answer's
 * own `Date`, where it has one, since clocks differ.
 * @returns Milliseconds from now, or `null` where there is nothing to read
 */
export const parseRetryAfter = (
  value: string | undefined,
  date: string | undefined,
  now = Date.now(),
): number | null => {
  if (value === undefined) return null;
  const text = value.trim();
  if (/^[0-9]+$/.test(text)) return Math.min(Number(text) * 1000, Number.MAX_SAFE_INTEGER);
  // Anything else that Date.parse would take, such as "-5" or "1.5", is no HTTP date.
  if (!/^[A-Za-z]{3,9},? /.test(text)) return null;
  const at = Date.parse(text);
  if (Number.isNaN(at)) return null;
  const server = date === undefined ? Number.NaN : Date.parse(date);
  return Math.max(0, at - (Number.isNaN(server) ? now : server));
};
