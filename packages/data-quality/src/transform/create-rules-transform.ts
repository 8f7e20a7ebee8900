import { checks } from '../option-checks.js';
import type { Rules } from '../rules.js';
import { checkRules } from './check-rules.js';
import { RULES_MODULE } from './rules-module.generated.js';
import type { RulesTransformSettings } from './rules-transform.js';

/** Options of `createRulesTransform`. */
export interface RulesTransformOptions {
  /**
   * How many findings have the record itself, on each thread and in each read. The others have everything else. As each
   * thread keeps this many, the first ones of the dump are kept with any number of threads.
   * @default 10000
   */
  maxKeptRecords?: number | undefined;
  /**
   * Whether masters and releases with an attribute `id` have a member `id` that was added to them, as in the parser's
   * reading `xmltodict`: rules do not see it then.
   * @default false
   */
  addedId?: boolean | undefined;
}

/** A transform for the option `transform` of @discogs-extractor/parser. */
export interface RulesTransformModule {
  module: string;
  options: object;
}

/**
 * The URL of the module that applies rules: for the member `module` of a transform. `createRulesTransform` also returns
 * the options that it takes.
 */
export const RULES_TRANSFORM: string = RULES_MODULE;

const DEFAULT_MAX_KEPT_RECORDS = 10_000;

const KNOWN_OPTIONS: Record<keyof RulesTransformOptions, true> = { maxKeptRecords: true, addedId: true };

/**
 * Creates a transform that applies rules to records, in this order: a record may be skipped, then filters change it,
 * then rules flag it. It reports a {@link QualityFinding} for each record that is skipped, changed or flagged.
 *
 * @throws DataQualityError `INVALID_OPTIONS`
 */
export const createRulesTransform = (rules: Rules, options: RulesTransformOptions = {}): RulesTransformModule => {
  checkRules(rules);
  const { maxKeptRecords = DEFAULT_MAX_KEPT_RECORDS, addedId = false } = checks.object('', options, KNOWN_OPTIONS);
  const settings: RulesTransformSettings = {
    rules,
    maxKeptRecords: checks.wholeNumber('maxKeptRecords', maxKeptRecords, { min: 0 }),
    addedId: checks.boolean('addedId', addedId),
  };
  return { module: RULES_TRANSFORM, options: settings };
};
