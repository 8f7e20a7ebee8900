import type { DataType } from '../data-type.js';
import type { FilteredField, FlaggedRecord, QualityFinding, RuleViolation } from '../finding.js';
import type { QualityRule, Rules } from '../rules.js';
import { compileFilter } from './compile-filter.js';
import { compileRule } from './compile-rule.js';
import { compileSkip } from './compile-skip.js';
import type { RecordObject } from './path.js';

/*
 * Applies rules to records, as a transform of @discogs-extractor/parser. The build bundles this file into a module of its
 * own, which `RULES_TRANSFORM` names.
 */

/** What the module is given, as plain data. */
export interface RulesTransformSettings {
  readonly rules: Rules;
  readonly maxKeptRecords: number;
  readonly addedId: boolean;
}

/** What the parser gives to a transform with each record: a part of its `TransformContext`. */
export interface RecordContext {
  readonly unchanged: object;
  xml(): Uint8Array;
  record(): object;
  report(finding: unknown): void;
}

/** What the parser takes for a transform that looks at some members of records only: its `FieldsTransform`. */
export interface RulesTransform {
  readonly fields: readonly string[];
  readonly transform: (record: RecordObject, context: RecordContext) => object | undefined;
}

/** Called by the parser, on each thread. @throws ExpressionError */
export const createTransform = (
  { rules, maxKeptRecords, addedId }: RulesTransformSettings,
  { dataType }: { readonly dataType: DataType },
): RulesTransform => {
  const ofType = rules[dataType];
  const skips = ofType.skips.map(compileSkip);
  const filters = ofType.filters.map(compileFilter);
  const checks = ofType.rules.map((rule) => ({ rule, check: compileRule(rule) }));
  const fields = fieldsOf(rules, dataType);
  const mayHaveAddedId = addedId && (dataType === 'masters' || dataType === 'releases');
  // The attribute shows whether the id was added.
  const hidesId = mayHaveAddedId && fields.has('id');
  if (hidesId) fields.add('@id');
  let kept = 0;

  /** The whole record as JSON, without an id that was added. */
  const keep = (context: RecordContext, isFiltered: boolean): FlaggedRecord | undefined => {
    if (kept === maxKeptRecords) return undefined;
    kept++;
    const record = context.record() as RecordObject;
    if (mayHaveAddedId && '@id' in record) delete record['id'];
    if (isFiltered) for (const { apply } of filters) apply(record);
    return { xml: context.xml(), json: JSON.stringify(record, null, 2) };
  };

  const evaluate = (record: RecordObject, context: RecordContext): object | undefined => {
    for (const skip of skips) {
      const found = skip(record);
      if (found === undefined) continue;
      report(context, { violations: [], skip: found, record: keep(context, false) });
      return undefined;
    }
    // Nothing is allocated for a record that is as it should be.
    let filtered: FilteredField[] | undefined;
    for (const { field, reason, apply } of filters) {
      const values = apply(record);
      if (values === 0) continue;
      filtered ??= [];
      filtered.push({ field, reason, values });
    }
    let violations: RuleViolation[] | undefined;
    for (const { rule, check } of checks) {
      const values = check(record);
      if (values === undefined) continue;
      violations ??= [];
      addViolations(violations, rule, values);
    }
    if (filtered !== undefined || violations !== undefined) {
      const isKept = violations?.some(({ severity }) => severity !== 'info');
      report(context, {
        violations: violations ?? [],
        filtered,
        record: isKept ? keep(context, filtered !== undefined) : undefined,
      });
    }
    return filtered !== undefined ? record : context.unchanged;
  };

  const transform: RulesTransform['transform'] = (record, context) => {
    if (!hidesId || !('id' in record && '@id' in record)) return evaluate(record, context);
    const { id, ...withoutId } = record;
    const result = evaluate(withoutId, context);
    return result === withoutId ? { ...withoutId, id } : result;
  };

  return { fields: Array.from(fields), transform };
};

const addViolations = (
  violations: RuleViolation[],
  { name: rule, severity, field }: QualityRule,
  values: string | readonly string[],
): void => {
  if (typeof values === 'string') violations.push({ rule, severity, field, value: values });
  else for (const value of values) violations.push({ rule, severity, field, value });
};

/** The members of the record that rules look at: the first name of a path, or the whole of it for what becomes `null`. */
const fieldsOf = (rules: Rules, dataType: DataType): Set<string> => {
  const { skips, filters, rules: checks } = rules[dataType];
  const paths = [...skips, ...filters, ...checks].map((rule) =>
    'nullifyWhen' in rule ? rule.field : rule.field.split('.', 1)[0]!,
  );
  return new Set(paths);
};

/** Members that are `undefined` are left out: findings are compared and written. */
const report = (context: RecordContext, { violations, skip, filtered, record }: Omit<QualityFinding, 'kind'>): void => {
  const finding: QualityFinding = {
    kind: 'quality',
    violations,
    ...(skip && { skip }),
    ...(filtered && { filtered }),
    ...(record && { record }),
  };
  context.report(finding);
};
