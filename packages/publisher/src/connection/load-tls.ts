import { readFile } from 'node:fs/promises';
import { type ConnectionOptions, createSecureContext } from 'node:tls';
import { PublisherError } from '../errors.js';
import type { TlsOptions } from '../options.js';

type FileOption = 'caFile' | 'certFile' | 'keyFile';

const PARAMETER_OF: Readonly<Record<FileOption, string>> = {
  caFile: 'cacertfile',
  certFile: 'certfile',
  keyFile: 'keyfile',
};

const failure = (option: FileOption, path: string, what: string, cause?: unknown): PublisherError =>
  new PublisherError('TLS_FAILED', `The file ${path} (tls.${option}, or ${PARAMETER_OF[option]} in the URL) ${what}`, {
    cause,
  });

/** Node accepts any text as an authority, and then trusts nothing. */
const readPem = async (option: FileOption, path: string | undefined, kind: string): Promise<Buffer | undefined> => {
  if (path === undefined) return undefined;
  const bytes = await readFile(path).catch((error: Error) => {
    throw failure(option, path, `cannot be read: ${error.message}`, error);
  });
  if (!new RegExp(`^-----BEGIN ([A-Z0-9]+ )*${kind}-----`, 'm').test(bytes.toString('latin1'))) {
    throw failure(option, path, `contains no ${kind.toLowerCase()} in PEM form`);
  }
  return bytes;
};

/**
 * Reads the files of TLS options, and checks that certificate and key can be used.
 * @throws PublisherError `TLS_FAILED`
 */
export const loadTls = async ({ caFile, certFile, keyFile, ...options }: TlsOptions): Promise<ConnectionOptions> => {
  const [ca, cert, key] = await Promise.all([
    readPem('caFile', caFile, 'CERTIFICATE'),
    readPem('certFile', certFile, 'CERTIFICATE'),
    readPem('keyFile', options.key === undefined ? (keyFile ?? certFile) : undefined, 'PRIVATE KEY'),
  ]);
  const loaded = { ...options, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  if (loaded.secureContext !== undefined) return loaded;
  try {
    return { ...loaded, secureContext: createSecureContext(loaded) };
  } catch (error) {
    const files = [certFile, keyFile].filter((file) => file !== undefined);
    throw new PublisherError(
      'TLS_FAILED',
      `Certificate and key of the client cannot be used (${(error as Error).message}): check ${files.length > 0 ? files.join(' and ') : 'tls.cert, tls.key and tls.pfx'}`,
      { cause: error },
    );
  }
};
