import type { RuleViolation } from '../finding.js';
import { compileExpression } from '../regex/expression.js';
import type { QualityRule, RuleCondition } from '../rules.js';
import { parseFloatExactly } from './parse-float.js';
import { addTexts, parsePath, type RecordObject } from './path.js';

/** Adds a violation for each value that violates the rule. */
export type Check = (record: RecordObject, violations: RuleViolation[]) => void;

/** @throws ExpressionError */
export const compileRule = ({ name, field, severity, condition }: QualityRule): Check => {
  const path = parsePath(field);
  const isRequired = condition.type === 'required';
  const violates = compileCondition(condition);
  const texts: string[] = [];
  return (record, violations) => {
    texts.length = 0;
    addTexts(record, path, texts);
    if (isRequired && texts.length === 0) texts.push('');
    for (const value of texts) if (violates(value)) violations.push({ rule: name, severity, field, value });
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
