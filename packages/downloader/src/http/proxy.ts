import { BlockList, isIP } from 'node:net';
import { DownloaderError } from '../errors.js';

/** Proxies, as the environment variables of the same names give them to most programs. Read them yourself: this package does not. */
export interface ProxyOptions {
  /** Proxy for `http:` URLs (`HTTP_PROXY`): `http://user:password@host:port`. */
  httpProxy?: string | undefined;
  /** Proxy for `https:` URLs (`HTTPS_PROXY`). */
  httpsProxy?: string | undefined;
  /**
   * Hosts that are asked directly (`NO_PROXY`), separated by commas or blanks: `example.org` and `.example.org` with all below
   * them, `example.org:8080`, addresses, networks as `10.0.0.0/8`, or `*` for all.
   */
  noProxy?: string | undefined;
}

/** Tells the proxy for a URL, or `null` for none. */
export type ProxyChoice = (url: URL) => string | null;

const parseProxy = (name: string, value: string | undefined): string | null => {
  if (value === undefined || value.trim() === '') return null;
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value.trim()) ? value.trim() : `http://${value.trim()}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  // The value may hold a password, so it is not repeated.
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new DownloaderError('INVALID_OPTIONS', `${name} must be the http: or https: URL of a proxy`);
  }
  return url.href;
};

const parseNoProxy = (value: string): ((url: URL) => boolean) => {
  const networks = new BlockList();
  const hosts: { host: string; port: string | null }[] = [];
  for (const entry of value.toLowerCase().split(/[\s,]+/)) {
    const [address = '', prefix] = entry.split('/');
    const version = isIP(address);
    if (entry === '') continue;
    if (entry === '*') return () => true;
    if (version !== 0 && prefix !== undefined && /^[0-9]{1,3}$/.test(prefix)) {
      const bits = Number(prefix);
      if (bits <= (version === 4 ? 32 : 128)) networks.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
    } else if (version === 6) {
      hosts.push({ host: address, port: null });
    } else {
      const match = /^\[?(.*?)\]?(?::([0-9]+))?$/.exec(entry)!;
      hosts.push({ host: match[1]!.replace(/^\*?\./, ''), port: match[2] ?? null });
    }
  }
  return (url) => {
    const host = url.hostname.toLowerCase().replace(/^\[|\]$/g, '');
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
    const version = isIP(host);
    if (version !== 0 && networks.check(host, version === 4 ? 'ipv4' : 'ipv6')) return true;
    return hosts.some(
      (entry) =>
        (entry.port === null || entry.port === port) && (host === entry.host || host.endsWith(`.${entry.host}`)),
    );
  };
};

/**
 * Reads the options once.
 * @throws DownloaderError `INVALID_OPTIONS`
 */
export const createProxyChoice = (options: ProxyOptions = {}): ProxyChoice => {
  const http = parseProxy('httpProxy', options.httpProxy);
  const https = parseProxy('httpsProxy', options.httpsProxy);
  const direct = parseNoProxy(options.noProxy ?? '');
  return (url) => (direct(url) ? null : url.protocol === 'https:' ? https : http);
};
