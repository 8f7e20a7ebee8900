import { open } from 'node:fs/promises';
import { errnoOf, messageOf } from '@discogs-extractor/internal/errno';
import { DataQualityError } from '../errors.js';
import { checks } from '../option-checks.js';
import { MAX_RULES_BYTES, type ParsedRules, parseRules } from './parse-rules.js';

/**
 * Reads a rules file from a path, and checks all of it.
 *
 * @throws DataQualityError `RULES_UNREADABLE`, or `INVALID_RULES` with everything that is wrong
 */
export const readRules = async (path: string): Promise<ParsedRules> =>
  parseRules(await readBounded(checks.text('path', path)), { fileName: path });

/** Reads one byte more than a rules file may have, at most. */
const readBounded = async (path: string): Promise<Uint8Array> => {
  try {
    await using file = await open(path);
    const bytes = Buffer.alloc(MAX_RULES_BYTES + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length === bytes.length) return bytes.subarray(0, length);
    }
  } catch (cause) {
    throw new DataQualityError('RULES_UNREADABLE', `Cannot read the rules file ${path}: ${messageOf(cause)}`, {
      facts: { path, errno: errnoOf(cause) },
      cause,
    });
  }
};
