import { createOptionChecks, type OptionChecks } from '@discogs-extractor/internal/option-checks';
import { ParserError } from './errors.js';

/** Checks of option values; each throws a ParserError `INVALID_OPTIONS`. */
export const checks: OptionChecks = createOptionChecks((message) => new ParserError('INVALID_OPTIONS', message));
