import { compileExpression } from '../regex/expression.js';
import type { QualityRule, RuleCondition } from '../rules.js';
import { parseFloatExactly } from './parse-float.js';
import { parsePath, type RecordObject, textsAt } from './path.js';

/** Returns the values that violate the rule: one, several, or `undefined`. */
export type Check = (record: RecordObject) => string | readonly string[] | undefined;

/** @throws ExpressionError */
export const compileRule = ({ field, condition }: QualityRule): Check => {
  const path = parsePath(field);
  const valueIfNone = condition.type === 'required' ? '' : undefined;
  const violates = compileCondition(condition);
  return (record) => {
    const texts = textsAt(record, path);
    if (texts === undefined) return valueIfNone;
    if (typeof texts === 'string') return violates(texts) ? texts : undefined;
    return texts.some(violates) ? texts.filter(violates) : undefined;
  };
};

const compileCondition = (condition: RuleCondition): ((value: string) => boolean) => {
  switch (condition.type) {
    case 'required':
      return (value) => value === '';
    case 'range': {
      const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = condition;
      return (value) => {
        const number = parseFloatExactly(value);
        return number !== undefined && (number < min || number > max);
      };
    }
    case 'regex':
      return compileExpression(condition.pattern);
    case 'length': {
      const { min = 0, max = Number.POSITIVE_INFINITY } = condition;
      return (value) => {
        // A code point has one code unit or two.
        if (value.length < min || value.length > 2 * max) return true;
        const length = countCodePoints(value);
        return length < min || length > max;
      };
    }
    case 'enum': {
      const accepted = new Set(condition.values);
      return (value) => !accepted.has(value);
    }
  }
};

const countCodePoints = (text: string): number => {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    if (text.codePointAt(at)! > 0xffff) at++;
    count++;
  }
  return count;
};
