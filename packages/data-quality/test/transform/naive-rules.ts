import type { RuleCondition, TypeRules } from '../../src/index.js';

/*
 * Rules in the plainest way, to compare with: it knows nothing of the code that it checks. Expressions have to mean the
 * same in JavaScript.
 */

type Json = string | null | Json[] | { [name: string]: Json };

export interface NaiveResult {
  readonly skip: { readonly field: string; readonly value: string; readonly reason: string } | undefined;
  readonly violations: readonly (readonly [rule: string, value: string])[];
  readonly record: Json;
}

const step = (values: Json[], part: string): Json[] =>
  values.flatMap((value) => {
    if (Array.isArray(value) && /^\d+$/.test(part)) return value.slice(Number(part), Number(part) + 1);
    return (Array.isArray(value) ? value : [value]).flatMap((one) =>
      one !== null && typeof one === 'object' && !Array.isArray(one) && Object.hasOwn(one, part) ? [one[part]!] : [],
    );
  });

const texts = (record: Json, field: string): string[] =>
  field
    .split('.')
    .reduce(step, [record])
    .flat()
    .flatMap((value) => (value === null ? [''] : typeof value === 'string' ? [value] : []));

const FLOAT = /^[+-]?(\d+\.?\d*|\d*\.\d+)(e[+-]?\d+)?$/i;
const toFloat = (text: string): number => (FLOAT.test(text) ? Number(text) : Number.NaN);

const isViolated = (condition: RuleCondition, text: string): boolean => {
  switch (condition.type) {
    case 'required':
      return text === '';
    case 'range':
      return toFloat(text) < (condition.min ?? -Infinity) || toFloat(text) > (condition.max ?? Infinity);
    case 'regex':
      return new RegExp(condition.pattern, 'su').test(text);
    case 'length': {
      const { length } = Array.from(text);
      return length < (condition.min ?? 0) || length > (condition.max ?? Infinity);
    }
    case 'enum':
      return !condition.values.includes(text);
  }
};

export const applyNaively = ({ skips, filters, rules }: TypeRules, original: Json): NaiveResult => {
  for (const { field, contains, reason } of skips) {
    const value = texts(original, field).find((text) => text.toLowerCase().includes(contains.toLowerCase()));
    if (value !== undefined) return { skip: { field, value, reason }, violations: [], record: original };
  }
  const record = structuredClone(original) as { [name: string]: Json };
  for (const filter of filters) {
    if ('nullifyWhen' in filter) {
      const value = record[filter.field];
      const { below = -Infinity, above = Infinity } = filter.nullifyWhen;
      if (typeof value !== 'string') continue;
      const whole = toFloat(value);
      const number = Number.isNaN(whole) ? toFloat(value.split(/[-/. T]/)[0]!) : whole;
      if (number < below || number > above) record[filter.field] = null;
      continue;
    }
    const names = filter.field.split('.');
    const last = names.pop()!;
    let parent: Json | undefined = record;
    for (const name of names) parent = (parent as Record<string, Json> | null | undefined)?.[name];
    if (parent === null || typeof parent !== 'object' || Array.isArray(parent)) continue;
    const matches = (value: Json): boolean =>
      typeof value === 'string' && new RegExp(filter.removeMatching, 'su').test(value);
    const value = parent[last];
    if (Array.isArray(value)) parent[last] = value.filter((one) => !matches(one));
    else if (value !== undefined && matches(value)) delete parent[last];
  }
  const violations = rules.flatMap(({ name, field, condition }) => {
    const found = texts(record, field);
    const values = condition.type === 'required' && found.length === 0 ? [''] : found;
    return values.filter((value) => isViolated(condition, value)).map((value) => [name, value] as const);
  });
  return { skip: undefined, violations, record };
};
