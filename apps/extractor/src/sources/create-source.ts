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
  /** Source of proxy settings and S3 credentials, under their usual names. @default process.env */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Called when a page of the website's listing could not be fetched and is retried. */
  readonly onRetry?: (retry: { url: string; delayMs: number; error: Error }) => void;
  /** Called when a source has no dumps and the next one is tried: `from` and `to` are their names. */
  readonly onFallback?: (from: string, to: string, error: Error | null) => void;
}

/**
 * The configured source of dumps: `s3`, `web`, `auto` (S3, or the website if S3 has no dumps), or a folder. A folder
 * with one of these names is written as `./s3`.
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

/** Both spellings are in use; the lower-case one is older and takes precedence. */
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
