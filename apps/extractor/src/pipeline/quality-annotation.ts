import { createHash } from 'node:crypto';
import type { FlaggedProgress, TypeRules } from '@discogs-extractor/data-quality';
import type { Annotations, FileProgress } from '@discogs-extractor/state-marker';
import * as z from 'zod';

/** Name of the annotation of a file in the state marker that says what rules found. */
const ANNOTATION = 'quality';

const count = z.int().nonnegative();

/** An object with any names. `z.record` leaves out a member `__proto__`, and a rule or a reason may have that name. */
const membersOf = <T>(schema: z.ZodType<T>): z.ZodType<Record<string, T>> =>
  z.custom<Record<string, T>>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      Object.values(value).every((member) => schema.safeParse(member).success),
  );
const counts = membersOf(count);

const schema = z.object({
  /** Digest of the `skip_records` and `filters` that the records were delivered under; absent if there were none. */
  delivery_rules: z.string().optional(),
  /** Digest of the rules that the reports were made with. */
  rules: z.string(),
  violations_bytes: count,
  skipped_bytes: count,
  kept_records: count,
  unkept_records: count,
  skipped: count,
  skip_reasons: counts,
  filtered: counts,
  flagged: count,
  error: count,
  warning: count,
  info: count,
  violations: membersOf(
    z.object({ severity: z.enum(['error', 'warning', 'info']), violations: count, records: count }),
  ),
});

/** What the state marker has of the rules and reports of a file. */
export interface KnownQuality {
  readonly digests: RulesDigests;
  readonly reports: FlaggedProgress;
}

/** Identifies the rules for a data type; without what changes neither records nor reports. */
export interface RulesDigests {
  /** What records are delivered, and in which form; `undefined` if no rule changes that. */
  readonly delivery: string | undefined;
  /** What is reported. */
  readonly reports: string;
}

export const rulesDigests = ({ skips, filters, rules }: TypeRules): RulesDigests => {
  const changesRecords = skips.length + filters.length > 0;
  const conditions = rules.map(({ name, field, condition, severity }) => [name, field, condition, severity]);
  return {
    delivery: changesRecords ? digest([skips, filters]) : undefined,
    reports: digest([skips, filters, conditions]),
  };
};

const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);

/** Whether there is any rule. */
export const hasRules = ({ skips, filters, rules }: TypeRules): boolean =>
  skips.length + filters.length + rules.length > 0;

export const qualityAnnotation = (
  digests: RulesDigests,
  { violationsBytes, skippedBytes, keptRecords, unkeptRecords, counts }: FlaggedProgress,
): Annotations => {
  const { skipReasons, rules, ...rest } = counts;
  const annotation: z.infer<typeof schema> = {
    ...(digests.delivery !== undefined && { delivery_rules: digests.delivery }),
    rules: digests.reports,
    violations_bytes: violationsBytes,
    skipped_bytes: skippedBytes,
    kept_records: keptRecords,
    unkept_records: unkeptRecords,
    ...rest,
    skip_reasons: skipReasons,
    violations: rules,
  };
  return { [ANNOTATION]: annotation };
};

/** What the state marker says of a file; `undefined` if nothing, or nothing that this program has written. */
export const knownQualityOf = ({ annotations }: FileProgress): KnownQuality | undefined => {
  const parsed = schema.safeParse(annotations?.[ANNOTATION]);
  if (!parsed.success) return undefined;
  const {
    delivery_rules: delivery,
    rules: reports,
    violations_bytes: violationsBytes,
    skipped_bytes: skippedBytes,
    kept_records: keptRecords,
    unkept_records: unkeptRecords,
    skip_reasons: skipReasons,
    violations: rules,
    ...rest
  } = parsed.data;
  return {
    digests: { delivery, reports },
    reports: {
      ...{ violationsBytes, skippedBytes, keptRecords, unkeptRecords },
      counts: { ...rest, skipReasons, rules },
    },
  };
};
