import { createOptionChecks } from '@discogs-extractor/internal/option-checks';
import { ParserError } from './errors.js';

/** Checks of option values; each throws a ParserError `INVALID_OPTIONS`. */
export const checks = createOptionChecks((message) => new ParserError('INVALID_OPTIONS', message));
