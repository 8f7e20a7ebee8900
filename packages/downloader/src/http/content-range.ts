/** What a `Content-Range` header says. */
export interface ContentRange {
  /** First byte of the body. */
  readonly start: number;
  /** Size of the whole, or `null` where it is not told. */
  readonly size: number | null;
}

/** Reads a `Content-Range` header (RFC 9110, section 14.4); `null` where it is none. */
export const parseContentRange = (value: string | undefined): ContentRange | null => {
  const match = /^bytes ([0-9]+)-([0-9]+)\/([0-9]+|\*)$/.exec(value?.trim() ?? '');
  if (match === null) return null;
  return { start: Number(match[1]), size: match[3] === '*' ? null : Number(match[3]) };
};

/** Reads a `Content-Length` header; `null` where it is none. */
export const parseContentLength = (value: string | undefined): number | null =>
  value !== undefined && /^[0-9]+$/.test(value.trim()) ? Number(value) : null;
