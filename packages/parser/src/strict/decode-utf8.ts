const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const REPLACEMENT = '\uFFFD';
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT);

/** Decodes as the WHATWG decoder does, and counts the sequences that were replaced. */
export const decodeUtf8 = (bytes: Buffer): { text: string; replaced: number } => {
  const text = decoder.decode(bytes);
  if (!text.includes(REPLACEMENT)) return { text, replaced: 0 };
  let inText = 0;
  for (let at = text.indexOf(REPLACEMENT); at !== -1; at = text.indexOf(REPLACEMENT, at + 1)) inText++;
  // A U+FFFD in the input was not replaced. Its bytes cannot be part of anything else.
  let inBytes = 0;
  for (let at = bytes.indexOf(REPLACEMENT_BYTES); at !== -1; at = bytes.indexOf(REPLACEMENT_BYTES, at + 3)) inBytes++;
  return { text, replaced: inText - inBytes };
};
