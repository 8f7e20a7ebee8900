import type { DataType } from '../data-type.js';
import type { FilterRule, NullFilter, QualityRule, RuleCondition, SkipRule } from '../rules.js';
import { kindOfField, namesAfter } from './known-fields.js';
import type { Located } from './read-entries.js';
import type { Entry, YamlReader } from './yaml-reader.js';

/** The rules of a data type, with their places. */
export interface LocatedRules {
  readonly skips: readonly Located<SkipRule>[];
  readonly filters: readonly Located<FilterRule>[];
  readonly rules: readonly Located<QualityRule>[];
}

/** Warns of rules that are valid, but cannot do what their author expects. */
export const findWarnings = (reader: YamlReader, dataType: DataType, { skips, filters, rules }: LocatedRules): void => {
  for (const { rule, entry, field } of skips) {
    warnOfField(reader, dataType, rule.field.split('.'), field, 'no record is ever skipped');
    if (rule.contains === '')
      reader.warn(entry, `Skips every record that has text at ${rule.field}: contains is empty`);
  }
  for (const { rule, field } of filters) {
    const path = 'nullifyWhen' in rule ? [rule.field] : rule.field.split('.');
    warnOfField(reader, dataType, path, field, 'the filter has no effect', 'nullifyWhen' in rule);
  }
  for (const { rule, entry, field } of rules) {
    const isRequired = rule.condition.type === 'required';
    const effect = isRequired ? 'every record violates the rule' : 'the rule can never be violated';
    if (warnOfField(reader, dataType, rule.field.split('.'), field, effect)) continue;
    const reason = reasonWhyNever(rule, filters, reader);
    if (reason !== undefined) reader.warn(entry, `The rule can never be violated: ${reason}`);
    if (rule.condition.type === 'enum' && rule.condition.values.length === 0) {
      reader.warn(entry, 'Every value violates the rule: values is empty');
    }
  }
};

/** Returns whether it warned. */
const warnOfField = (
  reader: YamlReader,
  dataType: DataType,
  path: readonly string[],
  field: Entry,
  effect: string,
  isMember = false,
): boolean => {
  const kind = kindOfField(dataType, path);
  if (kind === 'text') return false;
  const name = path.join('.');
  if (kind === 'elements') {
    const inner = namesAfter(dataType, path).map((one) => `${name}.${one}`);
    const advice = isMember ? 'nullify_when works on texts' : `did you mean ${inner.join(' or ')}?`;
    reader.warn(field, `${name} holds elements and has no text, so ${effect} unless it is empty: ${advice}`);
    return true;
  }
  const advice =
    isMember && path[0]!.includes('.')
      ? 'nullify_when works on members of the record itself, and a dot is part of the name'
      : `known are ${knownNames(dataType, path)}`;
  reader.warn(field, `No dump has had ${name} in ${dataType}, so ${effect}: ${advice}`);
  return true;
};

/** The names at the first place where a path leaves what is known. */
const knownNames = (dataType: DataType, path: readonly string[]): string => {
  let length = path.length - 1;
  while (length > 0 && kindOfField(dataType, path.slice(0, length)) === 'nothing') length--;
  const before = path.slice(0, length);
  const names = namesAfter(dataType, before).map((name) => [...before, name].join('.'));
  return names.length === 0 ? before.join('.') : names.join(', ');
};

const reasonWhyNever = (
  { field, condition }: QualityRule,
  filters: readonly Located<FilterRule>[],
  reader: YamlReader,
): string | undefined => {
  const { type } = condition;
  if (type === 'range' && condition.min === undefined && condition.max === undefined)
    return 'it has neither min nor max';
  if (type === 'length' && (condition.min ?? 0) === 0 && condition.max === undefined)
    return 'it has neither min nor max';
  const filter = filters.find(({ rule }) => rule.field === field && removesViolations(rule, condition));
  return filter && `the filter in line ${reader.lineOf(filter.entry)} removes all such values`;
};

/** Whether a filter leaves no value that violates a condition on the same field, if the field occurs once. */
const removesViolations = (filter: FilterRule, condition: RuleCondition): boolean => {
  if ('removeMatching' in filter) return condition.type === 'regex' && condition.pattern === filter.removeMatching;
  return condition.type === 'range' && removesOutside(filter, condition.min, condition.max);
};

const removesOutside = (
  { nullifyWhen: { below, above } }: NullFilter,
  min: number | undefined,
  max: number | undefined,
): boolean =>
  (min === undefined || (below !== undefined && below >= min)) &&
  (max === undefined || (above !== undefined && above <= max));
