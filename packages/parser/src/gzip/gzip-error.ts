import { ParserError, type ParserErrorFacts } from '../errors.js';
import type { GzipFault } from './gzip-decoder.js';

/** What is wrong with a gzip stream as the parser's error, whichever gunzip found it. */
export const gzipError = ({ kind, detail }: GzipFault, facts: ParserErrorFacts): ParserError =>
  kind === 'truncated'
    ? new ParserError('TRUNCATED', `the gzip stream ends early: ${detail}`, facts)
    : new ParserError('CORRUPT_GZIP', `the gzip stream is damaged: ${detail}`, facts);
