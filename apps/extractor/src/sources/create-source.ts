import {
  createFallbackSource,
  createFolderSource,
  createS3Source,
  createWebSource,
  type DumpSource,
  type ProxyOptions,
  type S3Credentials,
} from '@discogs-extractor/downloader';
import type { Config } from '../config/settings.js';

export interface CreateSourceOptions {
  /** Proxy settings and S3 credentials are read from here, under the names that most programs know. @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** Is told when a page of the web's listing failed and is asked for again. */
  readonly onRetry?: (retry: { url: string; delayMs: number; error: Error }) => void;
  /** Is told when a source gives way to the next one: `from` and `to` are their names. */
  readonly onFallback?: (from: string, to: string, error: Error | null) => void;
}

/**
 * The source of dumps that the configuration names: `s3`, `web`, `auto` (S3, and the web where S3 refuses), or a folder. A folder that bears
 * such a name is given as `./s3`.
 */
export const createSource = async (
  config: Config,
  { env = process.env, onFallback = () => undefined, onRetry }: CreateSourceOptions = {},
): Promise<DumpSource> => {
  const proxy = proxyFrom(env);
  const s3 = (): Promise<DumpSource> =>
    createS3Source({
      bucket: config.s3Bucket,
      region: config.s3Region,
      endpoint: config.s3Endpoint,
      credentials: credentialsFrom(env),
      proxy,
    });
  const web = (): Promise<DumpSource> =>
    createWebSource({ baseUrl: config.webUrl, minGapMs: Math.round(config.webGapSeconds * 1000), proxy, onRetry });
  switch (config.dumpSource) {
    case 's3':
      return s3();
    case 'web':
      return web();
    case 'auto':
      return createFallbackSource({
        sources: [await s3(), await web()],
        onFallback: ({ from, to, error }) => onFallback(from, to, error),
      });
    default:
      return createFolderSource({ directory: config.dumpSource });
  }
};

/** Both spellings are in use; the lower-case one is the older. */
const proxyFrom = (env: NodeJS.ProcessEnv): ProxyOptions => ({
  httpProxy: env['http_proxy'] || env['HTTP_PROXY'],
  httpsProxy: env['https_proxy'] || env['HTTPS_PROXY'],
  noProxy: env['no_proxy'] || env['NO_PROXY'],
});

const credentialsFrom = (env: NodeJS.ProcessEnv): S3Credentials | undefined => {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  return accessKeyId && secretAccessKey
    ? { accessKeyId, secretAccessKey, sessionToken: env['AWS_SESSION_TOKEN'] || undefined }
    : undefined;
};
