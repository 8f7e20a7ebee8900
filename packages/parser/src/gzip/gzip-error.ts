import { ParserError, type ParserErrorFacts } from '../errors.js';
import type { GzipFault } from './gzip-decoder.js';

/** A fault of a gzip stream as the parser's error. */
export const gzipError = ({ kind, detail }: GzipFault, facts: ParserErrorFacts): ParserError =>
  kind === 'truncated'
    ? new ParserError('TRUNCATED', `The gzip stream ends early (${detail}): download the dump again`, { facts })
    : new ParserError('CORRUPT_GZIP', `The gzip stream is damaged (${detail}): download the dump again`, { facts });
