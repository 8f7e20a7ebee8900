import * as z from 'zod';
import { noDefault, setting } from './setting.js';
import {
  booleanValue,
  calendarDay,
  httpUrl,
  lowerCase,
  numeric,
  requiredText,
  trimmed,
  wholeNumber,
} from './value-schemas.js';

const ONLY_DISCOGS = "This extractor delivers Discogs dumps only: keep the platform's own extractor for MusicBrainz";

export const DUMP_SETTINGS = {
  dumpSource: setting<string>({
    env: 'DUMP_SOURCE',
    toml: 'dump_source',
    flag: '--source',
    about: 'source of the dumps: auto, s3, web, or the path of a folder',
    details:
      '"auto" tries S3, then the website if S3 refuses. A folder needs discogs_VERSION_CHECKSUM.txt next to the files. ' +
      '"discogs", as the platform writes it, counts as not set; a folder of that name is written with a ' +
      'path, such as /data/discogs.',
    accepts: 'auto, s3, web, or the path of a folder that holds dumps',
    schema: z.preprocess(
      trimmed,
      z
        .string()
        .min(1)
        .refine((source) => source.toLowerCase() !== 'musicbrainz', ONLY_DISCOGS),
    ),
    unsetWord: 'discogs',
    defaultValue: () => 'auto',
  }),
  extractorSource: setting<'discogs'>({
    env: 'EXTRACTOR_SOURCE',
    toml: 'extractor_source',
    about: 'catalogue to extract, as the platform names it: only discogs',
    details: '--source discogs overrides it.',
    accepts: 'discogs',
    schema: z.preprocess(
      lowerCase,
      z.custom<'discogs'>((source) => source === 'discogs', ONLY_DISCOGS),
    ),
    defaultValue: () => 'discogs',
  }),
  dumpVersion: setting<string | undefined>({
    env: 'DUMP_VERSION',
    toml: 'dump_version',
    flag: '--dump-version',
    about: 'date of the dump to deliver, YYYYMMDD',
    accepts: 'the date of a dump as YYYYMMDD',
    schema: calendarDay.optional(),
    defaultValue: noDefault,
    defaultText: 'the newest complete one',
    example: '20260101',
  }),
  allowUnverified: setting<boolean>({
    env: 'ALLOW_UNVERIFIED',
    toml: 'allow_unverified',
    flag: '--allow-unverified',
    about: 'also accept files that no CHECKSUM file has a SHA-256 for',
    details:
      'Some dumps before 2012 have none. Such files only have to be whole gzip files of the announced size; each is ' +
      'logged as a warning. The newest dump with a CHECKSUM file is preferred, unless DUMP_VERSION names another.',
    accepts: 'true or false',
    schema: booleanValue,
    defaultValue: () => false,
  }),
  keepVersions: setting<number | 'all'>({
    env: 'KEEP_VERSIONS',
    toml: 'keep_versions',
    about: 'how many dumps to keep in DISCOGS_ROOT: all, or a number',
    accepts: 'all, or a whole number of versions from 1 to 1000',
    schema: z.union([z.preprocess(trimmed, z.literal('all')), wholeNumber(1, 1000)]),
    defaultValue: () => 'all',
  }),
  webUrl: setting<string>({
    env: 'WEB_URL',
    toml: 'web_url',
    about: 'address of the website or mirror that lists the dumps',
    details: 'A mirror of your own needs nothing but the directory index of nginx, Apache or python -m http.server.',
    accepts: 'the http:// or https:// URL of the listing of dumps',
    schema: httpUrl,
    defaultValue: () => 'https://data.discogs.com/',
  }),
  webGapSeconds: setting<number>({
    env: 'WEB_GAP_SECONDS',
    toml: 'web_gap_seconds',
    about: 'minimum delay between two requests to the website, in seconds',
    details: 'data.discogs.com limits the rate of requests; set 0 for a mirror of your own.',
    accepts: 'a number of seconds from 0 to 3600',
    schema: z.preprocess(numeric, z.number().min(0).max(3600)),
    defaultValue: () => 5,
  }),
  s3Bucket: setting<string>({
    env: 'S3_BUCKET',
    toml: 's3_bucket',
    about: 'S3 bucket that holds the dumps',
    details: 'Requests are signed if AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set in the environment.',
    accepts: 'the name of a bucket',
    schema: requiredText,
    defaultValue: () => 'discogs-data-dumps',
  }),
  s3Region: setting<string>({
    env: 'S3_REGION',
    toml: 's3_region',
    about: 'region of the bucket',
    accepts: 'the name of a region',
    schema: requiredText,
    defaultValue: () => 'us-west-2',
  }),
  s3Endpoint: setting<string | undefined>({
    env: 'S3_ENDPOINT',
    toml: 's3_endpoint',
    about: 'address of another S3-compatible server',
    accepts: 'an http:// or https:// URL',
    schema: httpUrl.optional(),
    defaultValue: noDefault,
    defaultText: 'none',
    example: 'http://localhost:9000',
  }),
} as const;
