import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { isGzip } from '@discogs-extractor/internal/gzip-magic';

type Decoder = (bytes: Uint8Array, options: { maxOutputLength: number }) => Buffer;

/** The name means zlib's format (RFC 9110, section 8.4.1.2), but some servers send the bare deflate stream. */
const inflate: Decoder = (bytes, options) => ((bytes[0]! & 0x0f) === 8 ? inflateSync : inflateRawSync)(bytes, options);

const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflate,
  br: brotliDecompressSync,
};

/**
 * Decodes a small body that a server compressed although `identity` was requested, as RFC 9110 allows it to.
 *
 * @param encoding - the header `Content-Encoding`; some proxies compress without it, which gzip shows by itself
 * @param maxBytes - upper bound of the result
 * @throws Error if the encoding is unknown, the bytes are damaged, or the result is too long
 */
export const decodeBody = (bytes: Buffer, encoding: string | undefined, maxBytes: number): Buffer => {
  const names = (encoding ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  if (names.length === 0 && isGzip(bytes)) names.push('gzip');
  let decoded = bytes;
  // The header lists encodings in the order in which they were applied.
  for (const name of names.reverse()) {
    const decoder = DECODERS[name];
    if (decoder === undefined) throw new Error(`the encoding "${name}" is not supported`);
    decoded = decoder(decoded, { maxOutputLength: maxBytes });
  }
  return decoded;
};
