import { availableParallelism } from 'node:os';
import * as z from 'zod';
import { DATA_TYPES, type DataType } from './data-type.js';
import { setting } from './setting.js';
import { booleanValue, commaSeparated, numeric, requiredText, wholeNumber } from './value-schemas.js';

export const GENERAL_SETTINGS = {
  discogsRoot: setting<string>({
    env: 'DISCOGS_ROOT',
    toml: 'discogs_root',
    flag: '--data',
    about: 'folder for dumps, progress and quarantined records',
    details: 'It must outlive the process. Only one extractor at a time can use it.',
    accepts: 'the path of a folder',
    schema: requiredText,
    defaultValue: () => '/discogs-data',
  }),
  waitForLock: setting<boolean>({
    env: 'WAIT_FOR_LOCK',
    toml: 'wait_for_lock',
    flag: '--wait-for-lock',
    about: 'wait while another extractor works in the folder, then take over',
    details: 'Until then, it is a standby: see docs/scaling.md. `run --check` does not wait.',
    accepts: 'true or false',
    schema: booleanValue,
    defaultValue: () => false,
  }),
  allowLocalLock: setting<boolean>({
    env: 'ALLOW_LOCAL_LOCK',
    toml: 'allow_local_lock',
    about: 'whether other machines may miss the lock on DISCOGS_ROOT',
    details:
      'Set it only if no other machine ever uses the folder, or two extractors work in it at once. The same holds for the output folder of SINK=ndjson.',
    accepts: 'true or false',
    schema: booleanValue,
    defaultValue: () => false,
  }),
  periodicCheckDays: setting<number>({
    env: 'PERIODIC_CHECK_DAYS',
    toml: 'periodic_check_days',
    about: 'days between two checks for a new dump',
    details:
      'A random delay of up to an hour is added, so that installations do not all send requests at the same time.',
    accepts: 'a number of days above 0, up to 3650',
    schema: z.preprocess(numeric, z.number().positive().max(3650)),
    defaultValue: () => 15,
  }),
  dataTypes: setting<readonly DataType[]>({
    env: 'DATA_TYPES',
    toml: 'data_types',
    flag: '--types',
    about: `data types to include: ${DATA_TYPES.join(', ')}`,
    accepts: `one or more of ${DATA_TYPES.join(', ')}, separated by commas`,
    schema: z
      .preprocess(commaSeparated, z.array(z.enum(DATA_TYPES)).min(1))
      .transform((types) => DATA_TYPES.filter((type) => types.includes(type))),
    defaultValue: () => DATA_TYPES,
    defaultText: 'all four',
  }),
  forceReprocess: setting<boolean>({
    env: 'FORCE_REPROCESS',
    toml: 'force_reprocess',
    flag: '--force-reprocess',
    shortFlag: '-f',
    about: 'deliver the dump again from its start, whatever was delivered before',
    details: 'It applies to the first run only.',
    accepts: 'true or false',
    schema: booleanValue,
    defaultValue: () => false,
  }),
  maxWorkers: setting<number>({
    env: 'MAX_WORKERS',
    toml: 'max_workers',
    about: 'threads that parse, shared by all files',
    details: '`parse` uses it too, unless --workers is given.',
    accepts: 'a whole number from 1 to 256',
    schema: wholeNumber(1, 256),
    defaultValue: () => availableParallelism(),
    defaultText: 'number of CPU cores',
    example: 4,
  }),
} as const;
