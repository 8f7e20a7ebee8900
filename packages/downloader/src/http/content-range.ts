/** The parts of a `Content-Range` header. */
export interface ContentRange {
  /** Position of the body's first byte. */
  readonly start: number;
  /** Size of the whole file, if the header includes it. */
  readonly size?: number | undefined;
}

/** Parses a `Content-Range` header (RFC 9110, section 14.4); `undefined` if it is missing or invalid. */
export const parseContentRange = (value: string | undefined): ContentRange | undefined => {
  const match = /^bytes ([0-9]+)-([0-9]+)\/([0-9]+|\*)$/.exec(value?.trim() ?? '');
  if (match === null) return undefined;
  return { start: Number(match[1]), size: match[3] === '*' ? undefined : Number(match[3]) };
};

/** Parses a `Content-Length` header; `undefined` if it is missing or invalid. */
export const parseContentLength = (value: string | undefined): number | undefined =>
  value !== undefined && /^[0-9]+$/.test(value.trim()) ? Number(value) : undefined;
