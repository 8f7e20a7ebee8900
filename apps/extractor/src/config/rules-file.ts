import type { Rules } from '@discogs-extractor/data-quality';
import type { ConfigProblem } from '../errors.js';
import type { ConfigNotice } from './config-notice.js';

/** The rules that a setting names. */
export interface RulesFile {
  /** Path of the file. */
  readonly path: string;
  readonly rules: Rules;
}

/**
 * Reads and checks a rules file; adds its problems. What a person should know of a valid one, such as a rule that
 * cannot be violated, are notices.
 *
 * @param setting - the name that the user gave the path under
 */
export const readRulesFile = async (
  setting: string,
  path: string,
  problems: ConfigProblem[],
  onNotice: (notice: ConfigNotice) => void,
): Promise<RulesFile | undefined> => {
  // Most starts have no rules, and loading the reader of YAML takes a moment.
  const { DataQualityError, describeRules, readRules } = await import('@discogs-extractor/data-quality');
  try {
    const { rules, warnings } = await readRules(path);
    for (const { line, key, message } of warnings) {
      onNotice({ level: 'warn', text: `⚠️ ${path}, line ${line}: ${key}: ${message}` });
    }
    for (const text of describeRules(rules)) onNotice({ level: 'info', text: `🔍 ${text}` });
    return { path, rules };
  } catch (error) {
    if (!(error instanceof DataQualityError)) throw error;
    problems.push({ setting, message: error.message.replaceAll('\n', '\n    ') });
    return undefined;
  }
};
