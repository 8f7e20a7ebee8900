import { DATA_TYPES } from '../data-type.js';
import type { FilterRule, QualityRule, RuleCondition, Rules } from '../rules.js';

/** Describes rules in words: a line for each, in the order in which they are applied. */
export const describeRules = (rules: Rules): string[] =>
  DATA_TYPES.flatMap((dataType) => {
    const { skips, filters, rules: checks } = rules[dataType];
    return [
      ...skips.map(({ field, contains, reason }) => `skip if ${field} contains ${JSON.stringify(contains)}: ${reason}`),
      ...filters.map((filter) => `${describeFilter(filter)}: ${filter.reason}`),
      ...checks.map(describeRule),
    ].map((line) => `${dataType}: ${line}`);
  });

const describeFilter = (filter: FilterRule): string => {
  if ('removeMatching' in filter) return `remove ${filter.field} if it matches ${filter.removeMatching}`;
  const { below, above } = filter.nullifyWhen;
  const bounds = [below === undefined ? [] : `below ${below}`, above === undefined ? [] : `above ${above}`].flat();
  return `empty ${filter.field} if it is ${bounds.join(' or ')}`;
};

const describeRule = ({ name, field, condition, severity, failAbove }: QualityRule): string => {
  const limit = failAbove === undefined ? '' : `, at most ${failAbove} % of the records`;
  return `${severity} ${name} if ${field} ${describeViolation(condition)}${limit}`;
};

const describeViolation = (condition: RuleCondition): string => {
  switch (condition.type) {
    case 'required':
      return 'is missing';
    case 'range':
      return `is not ${describeBounds(condition)}`;
    case 'length':
      return `does not have ${describeBounds(condition)} characters`;
    case 'regex':
      return `matches ${condition.pattern}`;
    case 'enum':
      return `is none of ${condition.values.map((value) => JSON.stringify(value)).join(', ')}`;
  }
};

const describeBounds = ({
  min,
  max,
}: {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}): string =>
  [min === undefined ? [] : `at least ${min}`, max === undefined ? [] : `at most ${max}`].flat().join(' and ') ||
  'anything';
