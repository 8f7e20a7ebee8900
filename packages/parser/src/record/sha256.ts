import * as crypto from 'node:crypto';

/** SHA-256 in lower-case hexadecimal. One call does it where Node has `crypto.hash` (20.12 and newer). */
export const sha256: (data: string | Uint8Array) => string =
  typeof crypto.hash === 'function'
    ? (data) => crypto.hash('sha256', data, 'hex')
    : (data) => crypto.createHash('sha256').update(data).digest('hex');
