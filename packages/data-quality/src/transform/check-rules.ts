import { DATA_TYPES } from '../data-type.js';
import { checks } from '../option-checks.js';
import { compileExpression } from '../regex/expression.js';
import { ExpressionError } from '../regex/expression-error.js';
import {
  type FilterRule,
  type QualityRule,
  type RuleCondition,
  type Rules,
  SEVERITIES,
  type SkipRule,
} from '../rules.js';

type Members = Readonly<Record<string, unknown>>;
type Known = Readonly<Record<string, true>>;

const TYPES: Readonly<Record<keyof Rules, true>> = { artists: true, labels: true, masters: true, releases: true };
const SKIP = { field: true, contains: true, reason: true } satisfies Record<keyof SkipRule, true>;
const FILTER: Known = { field: true, removeMatching: true, nullifyWhen: true, reason: true };
const RULE = {
  ...{ name: true, description: true, field: true, condition: true, severity: true, failAbove: true },
} satisfies Record<keyof QualityRule, true>;

/**
 * Checks rules as plain data, which need not come from a rules file: in the threads that apply them, what is wrong would
 * be noticed late, record by record, or not at all.
 *
 * @throws DataQualityError `INVALID_OPTIONS`
 */
export const checkRules = (rules: Rules): void => {
  checks.object('rules', rules, TYPES);
  for (const dataType of DATA_TYPES) {
    const of = checks.object(`rules.${dataType}`, rules[dataType]);
    for (const [list, check] of Object.entries({ skips: checkSkip, filters: checkFilter, rules: checkRule })) {
      const entries = checks.list<object>(`rules.${dataType}.${list}`, of[list as keyof typeof of]);
      for (const [index, entry] of entries.entries()) check(`rules.${dataType}.${list}[${index}]`, entry);
    }
  }
};

const membersOf = (name: string, value: unknown, known: Known): Members => checks.object(name, value as Members, known);

const checkSkip = (name: string, skip: object): void => {
  const members = membersOf(name, skip, SKIP);
  for (const key of Object.keys(SKIP)) checks.text(`${name}.${key}`, members[key]);
};

const checkFilter = (name: string, filter: object): void => {
  const { field, reason, removeMatching, nullifyWhen } = membersOf(name, filter, FILTER);
  checks.text(`${name}.field`, field);
  checks.text(`${name}.reason`, reason);
  if ((removeMatching === undefined) === (nullifyWhen === undefined)) {
    checks.fail(name, 'a filter with either removeMatching or nullifyWhen', filter as FilterRule);
  }
  if (removeMatching !== undefined) checkExpression(`${name}.removeMatching`, removeMatching);
  else {
    const path = `${name}.nullifyWhen`;
    checkBounds(path, membersOf(path, nullifyWhen, { below: true, above: true }), Number.isFinite, 'a finite number');
  }
};

const checkRule = (name: string, rule: object): void => {
  const { name: ofRule, description, field, condition, severity, failAbove } = membersOf(name, rule, RULE);
  checks.text(`${name}.name`, ofRule);
  checks.text(`${name}.field`, field);
  if (description !== undefined) checks.text(`${name}.description`, description);
  checks.oneOf(`${name}.severity`, severity, SEVERITIES);
  if (failAbove !== undefined) checks.finiteNumber(`${name}.failAbove`, failAbove, { min: 0, max: 100 });
  checkCondition(`${name}.condition`, condition);
};

/** The members of conditions next to `type`. */
const CONDITIONS = {
  required: {},
  range: { min: true, max: true },
  regex: { pattern: true },
  length: { min: true, max: true },
  enum: { values: true },
} as const satisfies Record<RuleCondition['type'], Known>;

const checkCondition = (name: string, condition: unknown): void => {
  const { type: given } = checks.object(name, condition as Members);
  const type = checks.oneOf(`${name}.type`, given, Object.keys(CONDITIONS) as RuleCondition['type'][]);
  const members = membersOf(name, condition, { type: true, ...CONDITIONS[type] });
  if (type === 'regex') checkExpression(`${name}.pattern`, members['pattern']);
  if (type === 'range') checkBounds(name, members, Number.isFinite, 'a finite number');
  if (type === 'length') checkBounds(name, members, isLength, 'a whole number of at least 0');
  if (type === 'enum') {
    const values = checks.list(`${name}.values`, members['values'] as readonly unknown[]);
    for (const [index, value] of values.entries()) checks.text(`${name}.values[${index}]`, value);
  }
};

const isLength = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const checkBounds = (
  name: string,
  bounds: Members,
  isAccepted: (value: unknown) => boolean,
  expected: string,
): void => {
  for (const key of ['min', 'max', 'below', 'above']) {
    const bound = bounds[key];
    if (bound !== undefined && !isAccepted(bound)) checks.fail(`${name}.${key}`, expected, bound);
  }
};

const checkExpression = (name: string, expression: unknown): void => {
  const pattern = checks.text(name, expression);
  try {
    compileExpression(pattern);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    checks.fail(name, `a regular expression in the syntax of Rust's crate regex (${error.message})`, pattern);
  }
};
