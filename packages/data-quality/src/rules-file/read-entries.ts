import { compileExpression } from '../regex/expression.js';
import { ExpressionError } from '../regex/expression-error.js';
import { type FilterRule, type QualityRule, type RuleCondition, SEVERITIES, type SkipRule } from '../rules.js';
import type { Entry, Member, YamlReader } from './yaml-reader.js';

/*
 * The entries of the lists of a rules file. Each function returns the entry, or `undefined` after it has reported what is
 * wrong with it.
 */

/** An entry with its place, and those of its members, for warnings. */
export interface Located<T> {
  readonly rule: T;
  readonly entry: Entry;
  /** The member `field`. */
  readonly field: Entry;
}

const RULE_NAME = /^[A-Za-z0-9_-]+$/;

const membersOf = (
  reader: YamlReader,
  entry: Entry,
  known: readonly string[],
  required: readonly string[],
): ReadonlyMap<string, Member> | undefined => {
  const members = reader.members(entry, known);
  if (members === undefined) return undefined;
  const byName = new Map(members.map((member) => [member.name, member]));
  for (const name of required) {
    if (!byName.has(name)) reader.fail(entry, `Has no "${name}"; its keys are ${known.join(', ')}`);
  }
  return byName;
};

const textOf = (reader: YamlReader, member: Member | undefined): string | undefined =>
  member === undefined ? undefined : reader.text(member);

export const readSkip = (reader: YamlReader, entry: Entry): Located<SkipRule> | undefined => {
  const known = ['field', 'contains', 'reason'];
  const members = membersOf(reader, entry, known, known);
  if (members === undefined) return undefined;
  const [field, contains, reason] = known.map((name) => textOf(reader, members.get(name)));
  if (field === undefined || contains === undefined || reason === undefined) return undefined;
  return { rule: { field, contains, reason }, entry, field: members.get('field')! };
};

const ACTIONS = ['remove_matching', 'nullify_when'];

export const readFilter = (reader: YamlReader, entry: Entry): Located<FilterRule> | undefined => {
  const members = membersOf(reader, entry, ['field', ...ACTIONS, 'reason'], ['field', 'reason']);
  if (members === undefined) return undefined;
  const field = textOf(reader, members.get('field'));
  const reason = textOf(reader, members.get('reason'));
  const [removal, nulling] = ACTIONS.map((name) => members.get(name));
  const removeMatching = removal && readExpression(reader, removal);
  const nullifyWhen = nulling && readNullCondition(reader, nulling);
  if (removal !== undefined && nulling !== undefined) {
    reader.fail(entry, 'Has both remove_matching and nullify_when: make it two filters');
    return undefined;
  }
  if (removal === undefined && nulling === undefined) {
    reader.fail(entry, 'Has neither remove_matching nor nullify_when: a filter has one of them');
    return undefined;
  }
  if (field === undefined || reason === undefined) return undefined;
  const located = { entry, field: members.get('field')! };
  if (removeMatching !== undefined) return { rule: { field, removeMatching, reason }, ...located };
  return nullifyWhen && { rule: { field, nullifyWhen, reason }, ...located };
};

const readNullCondition = (reader: YamlReader, entry: Entry): { below?: number; above?: number } | undefined => {
  const members = membersOf(reader, entry, ['type', 'below', 'above'], ['type']);
  if (members === undefined) return undefined;
  const type = members.get('type');
  if (type !== undefined && oneOf(reader, type, ['range']) === undefined) return undefined;
  if (!members.has('below') && !members.has('above')) {
    reader.fail(entry, 'Has neither below nor above: at least one is needed');
    return undefined;
  }
  const bounds = readBounds(reader, entry, members, ['below', 'above'], Number.isFinite, 'a finite number');
  return type && bounds;
};

const RULE_KEYS = ['name', 'description', 'field', 'condition', 'severity', 'fail_above'];
const REQUIRED_RULE_KEYS = ['name', 'field', 'condition', 'severity'];

/** @param names - the names of the rules before it, with their places; its own is added */
export const readRule = (
  reader: YamlReader,
  entry: Entry,
  names: Map<string, Entry>,
): Located<QualityRule> | undefined => {
  const members = membersOf(reader, entry, RULE_KEYS, REQUIRED_RULE_KEYS);
  if (members === undefined) return undefined;
  const name = readName(reader, members.get('name'), names);
  const description = textOf(reader, members.get('description'));
  const field = textOf(reader, members.get('field'));
  const conditionMember = members.get('condition');
  const condition = conditionMember && readCondition(reader, conditionMember);
  const severityMember = members.get('severity');
  const severity = severityMember && oneOf(reader, severityMember, SEVERITIES);
  const failMember = members.get('fail_above');
  const failAbove =
    failMember &&
    reader.number(failMember, (value) => value >= 0 && value <= 100, 'a number from 0 to 100, in per cent');
  if (name === undefined || field === undefined || condition === undefined || severity === undefined) return undefined;
  const rule: QualityRule = {
    name,
    ...(description !== undefined && { description }),
    ...{ field, condition, severity },
    ...(failAbove !== undefined && { failAbove }),
  };
  return { rule, entry, field: members.get('field')! };
};

const readName = (reader: YamlReader, member: Member | undefined, names: Map<string, Entry>): string | undefined => {
  const name = textOf(reader, member);
  if (name === undefined || member === undefined) return undefined;
  const earlier = names.get(name);
  if (earlier === undefined) names.set(name, member);
  else reader.fail(member, `The name ${JSON.stringify(name)} occurs twice, first in line ${reader.lineOf(earlier)}`);
  if (RULE_NAME.test(name)) return name;
  reader.fail(member, `Must consist of letters (A to Z), digits, "_" and "-", got ${JSON.stringify(name)}`);
  return undefined;
};

/** The members of conditions next to `type`. */
const CONDITION_KEYS = {
  required: [],
  range: ['min', 'max'],
  regex: ['pattern'],
  length: ['min', 'max'],
  enum: ['values'],
} as const satisfies Record<RuleCondition['type'], readonly string[]>;

const CONDITION_TYPES = Object.keys(CONDITION_KEYS) as RuleCondition['type'][];

const readCondition = (reader: YamlReader, entry: Entry): RuleCondition | undefined => {
  const known = ['type', ...new Set(Object.values(CONDITION_KEYS).flat())];
  const members = membersOf(reader, entry, known, ['type']);
  const typeMember = members?.get('type');
  const type = typeMember && oneOf(reader, typeMember, CONDITION_TYPES);
  if (members === undefined || type === undefined) return undefined;
  const own: readonly string[] = CONDITION_KEYS[type];
  let isValid = true;
  for (const member of members.values()) {
    if (member.name === 'type' || own.includes(member.name)) continue;
    const accepted = own.length === 0 ? 'it has no other key' : `its other keys are ${own.join(', ')}`;
    reader.fail(member, `A condition of the type ${type} has no "${member.name}": ${accepted}`);
    isValid = false;
  }
  const condition = readConditionOf(type, reader, entry, members);
  return isValid ? condition : undefined;
};

const readConditionOf = (
  type: RuleCondition['type'],
  reader: YamlReader,
  entry: Entry,
  members: ReadonlyMap<string, Member>,
): RuleCondition | undefined => {
  const required = (name: string): Member | undefined => {
    if (!members.has(name)) reader.fail(entry, `Has no "${name}": a condition of the type ${type} needs it`);
    return members.get(name);
  };
  switch (type) {
    case 'required':
      return { type };
    case 'range': {
      const bounds = readBounds(reader, entry, members, ['min', 'max'], Number.isFinite, 'a finite number');
      return bounds && { type, ...bounds };
    }
    case 'length': {
      const isLength = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
      const bounds = readBounds(reader, entry, members, ['min', 'max'], isLength, 'a whole number of at least 0');
      return bounds && { type, ...bounds };
    }
    case 'regex': {
      const member = required('pattern');
      const pattern = member && readExpression(reader, member);
      return pattern === undefined ? undefined : { type, pattern };
    }
    case 'enum': {
      const member = required('values');
      if (member === undefined) return undefined;
      const found = reader.elements(member, 'strings').map((element) => reader.text(element));
      const values = found.filter((value) => value !== undefined);
      return values.length === found.length ? { type, values } : undefined;
    }
  }
};

/** Reads two bounds, which may be missing. `undefined`: one of them is wrong. */
const readBounds = <Low extends string, High extends string>(
  reader: YamlReader,
  entry: Entry,
  members: ReadonlyMap<string, Member>,
  [lowName, highName]: readonly [Low, High],
  isAccepted: (value: number) => boolean,
  expected: string,
): { [Name in Low | High]?: number } | undefined => {
  const bounds: Record<string, number> = {};
  let isValid = true;
  for (const name of [lowName, highName]) {
    const member = members.get(name);
    if (member === undefined) continue;
    const value = reader.number(member, isAccepted, expected);
    if (value === undefined) isValid = false;
    else bounds[name] = value;
  }
  if (!isValid) return undefined;
  const [low, high] = [bounds[lowName], bounds[highName]];
  if (low !== undefined && high !== undefined && low > high) {
    reader.fail(entry, `${lowName} (${low}) must not be greater than ${highName} (${high})`);
    return undefined;
  }
  return bounds as { [Name in Low | High]?: number };
};

const readExpression = (reader: YamlReader, member: Member): string | undefined => {
  const pattern = reader.text(member);
  if (pattern === undefined) return undefined;
  try {
    compileExpression(pattern);
    return pattern;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    reader.fail(member, `Must be a regular expression in the syntax of Rust's crate regex, but ${error.message}`);
    return undefined;
  }
};

const oneOf = <T extends string>(reader: YamlReader, member: Member, accepted: readonly T[]): T | undefined => {
  const text = reader.text(member);
  const found = accepted.find((one) => one === text);
  if (text !== undefined && found === undefined) {
    reader.fail(
      member,
      `Must be ${accepted.length === 1 ? '' : 'one of '}${accepted.join(', ')}, got ${JSON.stringify(text)}`,
    );
  }
  return found;
};
