import * as z from 'zod';
import { setting } from './setting.js';
import { lowerCase, numeric } from './value-schemas.js';

/**
 * Which records are sent.
 *
 * - `all`: every record of the dump
 * - `changed`: those that the sink does not have like this, and the ids that it has and the dump has not
 */
export const PUBLISH_MODES = ['all', 'changed'] as const;
export type PublishMode = (typeof PUBLISH_MODES)[number];

export const CHANGES_SETTINGS = {
  publish: setting<PublishMode>({
    env: 'PUBLISH',
    toml: 'publish',
    flag: '--publish',
    about: 'which records to send: all, or only those that have changed, and deletions',
    details:
      'With changed, the folder "changes" in DISCOGS_ROOT keeps the hash of each record that the sink has; the first run ' +
      'sends everything. See docs/changes.md. CONTRACT=fanout allows only all.',
    accepts: `one of ${PUBLISH_MODES.join(', ')}`,
    schema: z.preprocess(lowerCase, z.enum(PUBLISH_MODES)),
    defaultValue: () => 'all',
  }),
  maxDeletedPercent: setting<number>({
    env: 'MAX_DELETED_PERCENT',
    toml: 'max_deleted_percent',
    flag: '--max-deleted-percent',
    about: 'ids that a dump may lack with PUBLISH=changed, in percent of those that the sink has',
    details:
      'If more are missing, the file fails before the first deletion is sent. As many is allowed, and so are 10 ids in ' +
      'any case.',
    accepts: 'a percentage from 0 to 100',
    schema: z.preprocess(numeric, z.number().min(0).max(100)),
    defaultValue: () => 5,
  }),
} as const;
