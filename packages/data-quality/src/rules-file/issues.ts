import { DataQualityError, type RulesIssue } from '../errors.js';

/** Errors beyond these are in `facts.issues` only. */
const MAX_LINES = 100;

/** Creates the error `INVALID_RULES`, whose message has a line for each issue. */
export const invalidRulesError = (path: string | undefined, issues: readonly RulesIssue[]): DataQualityError => {
  const count = issues.length === 1 ? 'an error' : `${issues.length} errors`;
  const lines = [`The rules file ${path === undefined ? '' : `${path} `}has ${count}`];
  for (const issue of issues.slice(0, MAX_LINES)) lines.push(formatIssue(issue, path));
  if (issues.length > MAX_LINES) lines.push(`and ${issues.length - MAX_LINES} more`);
  return new DataQualityError('INVALID_RULES', lines.join('\n'), { facts: { path, issues } });
};

/** Returns an issue as a line of text: `FILE:LINE: KEY: …`, or `line LINE: KEY: …` without a file. */
export const formatIssue = ({ line, key, message }: RulesIssue, file?: string): string =>
  `${file === undefined ? 'line ' : `${file}:`}${line}: ${key === '' ? '' : `${key}: `}${message}`;
