import {
  createFallbackSource,
  createFolderSource,
  createS3Source,
  createWebSource,
  type DumpSource,
  type ListingPageSkipped,
  type ListingRetry,
  type ProxyOptions,
  type S3Credentials,
  type SourceFallback,
} from '@discogs-extractor/downloader';
import type { Config, SOURCE_SETTINGS } from '../config/settings.js';

export interface CreateSourceOptions {
  /** Source of proxy settings and S3 credentials, under their usual names. @default process.env */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Called when a page of a listing could not be fetched and is retried, or given up. */
  readonly onListingEvent?: ((event: ListingRetry | ListingPageSkipped) => void) | undefined;
  /** Called when a source has no dumps, or refuses them, and the next one is tried. */
  readonly onFallback?: ((event: SourceFallback) => void) | undefined;
}

/**
 * The configured source of dumps: `s3`, `web`, `auto` (S3, or the website if S3 has no dumps), or a folder. A folder
 * with one of these names is written as `./s3`.
 */
export const createSource = (
  config: Pick<Config, (typeof SOURCE_SETTINGS)[number]>,
  { env = process.env, onFallback, onListingEvent }: CreateSourceOptions = {},
): DumpSource => {
  const proxy = proxyFrom(env);
  const s3 = (): DumpSource =>
    createS3Source({
      bucket: config.s3Bucket,
      region: config.s3Region,
      endpoint: config.s3Endpoint,
      credentials: credentialsFrom(env),
      proxy,
      onEvent: onListingEvent,
    });
  const web = (): DumpSource =>
    createWebSource({
      baseUrl: config.webUrl,
      minGapMs: Math.round(config.webGapSeconds * 1000),
      proxy,
      onEvent: onListingEvent,
    });
  switch (config.dumpSource) {
    case 's3':
      return s3();
    case 'web':
      return web();
    case 'auto':
      return createFallbackSource({ sources: [s3(), web()], onEvent: onFallback });
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
