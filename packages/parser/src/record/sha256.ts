import * as crypto from 'node:crypto';

/** SHA-256 in lower-case hexadecimal. `crypto.hash` is faster than a `Hash` object; Node has it from 20.12 on. */
export const sha256: (data: string | Uint8Array) => string =
  typeof crypto.hash === 'function'
    ? (data) => crypto.hash('sha256', data, 'hex')
    : (data) => crypto.createHash('sha256').update(data).digest('hex');
