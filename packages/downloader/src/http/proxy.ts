import { BlockList, isIP } from 'node:net';
import { checks, httpUrl } from '../option-checks.js';

/** Proxies, as in the environment variables of the same names. This package does not read the environment itself. */
export interface ProxyOptions {
  /** Proxy for `http:` URLs (`HTTP_PROXY`): `http://user:password@host:port`. */
  httpProxy?: string | undefined;
  /** Proxy for `https:` URLs (`HTTPS_PROXY`). */
  httpsProxy?: string | undefined;
  /**
   * Hosts to connect to directly (`NO_PROXY`), separated by commas or spaces: `example.org` and `.example.org` (each
   * with its subdomains), `example.org:8080`, addresses, networks such as `10.0.0.0/8`, or `*` for all.
   */
  noProxy?: string | undefined;
}

const KNOWN: Readonly<Record<keyof ProxyOptions, true>> = { httpProxy: true, httpsProxy: true, noProxy: true };

/** Returns the proxy for a URL, or `undefined` for a direct connection. */
export type ProxyChoice = (url: URL) => string | undefined;

const parseProxy = (name: string, value: string | undefined): string | undefined => {
  if (value === undefined || value.trim() === '') return undefined;
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value.trim()) ? value.trim() : `http://${value.trim()}`;
  return httpUrl(name, text, 'the http: or https: URL of a proxy').href;
};

const parseNoProxy = (value: string): ((url: URL) => boolean) => {
  const networks = new BlockList();
  const hosts: { host: string; port?: string | undefined }[] = [];
  for (const entry of value.toLowerCase().split(/[\s,]+/)) {
    const [address = '', prefix] = entry.split('/');
    const version = isIP(address);
    if (entry === '') continue;
    if (entry === '*') return () => true;
    if (version !== 0 && prefix !== undefined && /^[0-9]{1,3}$/.test(prefix)) {
      const bits = Number(prefix);
      if (bits <= (version === 4 ? 32 : 128)) networks.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
    } else if (version === 6) {
      hosts.push({ host: address });
    } else {
      const match = /^\[?(.*?)\]?(?::([0-9]+))?$/.exec(entry)!;
      hosts.push({ host: match[1]!.replace(/^\*?\./, ''), port: match[2] });
    }
  }
  return (url) => {
    const host = url.hostname.toLowerCase().replace(/^\[|\]$/g, '');
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
    const version = isIP(host);
    if (version !== 0 && networks.check(host, version === 4 ? 'ipv4' : 'ipv6')) return true;
    return hosts.some(
      (entry) =>
        (entry.port === undefined || entry.port === port) && (host === entry.host || host.endsWith(`.${entry.host}`)),
    );
  };
};

/**
 * Parses the proxy options.
 *
 * @throws DownloaderError `INVALID_OPTIONS`
 */
export const createProxyChoice = (options: ProxyOptions = {}): ProxyChoice => {
  checks.object('proxy', options, KNOWN);
  const http = parseProxy('proxy.httpProxy', options.httpProxy);
  const https = parseProxy('proxy.httpsProxy', options.httpsProxy);
  const isDirect = parseNoProxy(options.noProxy ?? '');
  return (url) => (isDirect(url) ? undefined : url.protocol === 'https:' ? https : http);
};
