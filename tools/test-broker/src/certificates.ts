import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A PEM file with a certificate, and one with its key. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** An authority of its own, with what it signs. */
export interface Authority extends AsyncDisposable {
  /** PEM file with the certificate of the authority. */
  readonly caFile: string;
  /** Issues a certificate for a server (`DNS:…` or `IP:…` names) or a client (`CN` only). */
  issue(commonName: string, names?: readonly string[]): Promise<Certificate>;
}

const openssl = (...args: string[]): Promise<unknown> => promisify(execFile)('openssl', args);
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Creates an authority in a temporary folder. */
export const createAuthority = async (): Promise<Authority> => {
  const folder = await mkdtemp(join(tmpdir(), 'authority-'));
  const pathOf = (name: string): string => join(folder, name);
  const [caFile, caKey] = [pathOf('ca.pem'), pathOf('ca-key.pem')];
  await openssl('req', '-x509', ...NEW_KEY, '-days', '2', '-subj', '/CN=test', '-keyout', caKey, '-out', caFile);
  let issued = 0;
  return {
    caFile,
    issue: async (commonName, names = []) => {
      const name = `${++issued}`;
      const [certFile, keyFile, request] = ['pem', 'key', 'csr'].map((end) => pathOf(`${name}.${end}`)) as [
        string,
        string,
        string,
      ];
      await openssl('req', ...NEW_KEY, '-subj', `/CN=${commonName}`, '-keyout', keyFile, '-out', request);
      const extensions = pathOf(`${name}.ext`);
      await writeFile(extensions, names.length > 0 ? `subjectAltName=${names.join()}` : 'keyUsage=digitalSignature');
      await openssl(
        ...['x509', '-req', '-in', request, '-CA', caFile, '-CAkey', caKey, '-CAcreateserial'],
        ...['-days', '2', '-extfile', extensions, '-out', certFile],
      );
      return { certFile, keyFile };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
};
