import type { RuleViolation, SkipReason } from '../finding.js';

/** What the lines about one record have in common. */
export interface ReportedRecord {
  readonly id: string;
  /** Name of its files, without their ending. */
  readonly fileName: string;
  readonly at: Date;
}

/** A line of `violations.jsonl`. Its keys are sorted. */
export const violationLine = (
  { id, fileName, at }: ReportedRecord,
  { rule, severity, field, value }: RuleViolation,
): string =>
  line({
    field,
    field_value: value,
    json_file: `${fileName}.json`,
    record_id: id,
    rule,
    severity,
    timestamp: timestamp(at),
    xml_file: `${fileName}.xml`,
  });

/** A line of `skipped.jsonl`. Its keys are sorted. */
export const skipLine = ({ id, fileName, at }: ReportedRecord, { field, value, reason }: SkipReason): string =>
  line({
    field,
    field_value: value,
    json_file: `${fileName}.json`,
    reason,
    record_id: id,
    timestamp: timestamp(at),
    xml_file: `${fileName}.xml`,
  });

const line = (members: Readonly<Record<string, string>>): string => `${JSON.stringify(members)}\n`;

const timestamp = (at: Date): string => at.toISOString().replace('Z', '+00:00');
