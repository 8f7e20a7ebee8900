import { Matcher } from './matcher.js';
import { parseExpression } from './parse-expression.js';
import { compileProgram } from './program.js';

/** Returns whether an expression matches anywhere in a text. */
export type IsMatch = (text: string) => boolean;

/**
 * Compiles a regular expression in the syntax of Rust's crate `regex`. It runs in linear time.
 *
 * @throws ExpressionError if it is not one, or has too many states
 */
export const compileExpression = (pattern: string): IsMatch => {
  const matcher = new Matcher(compileProgram(parseExpression(pattern)));
  return (text) => matcher.matches(text);
};
