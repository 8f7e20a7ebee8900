import { createOptionChecks } from '@discogs-extractor/internal/option-checks';
import { DataQualityError } from './errors.js';

/** The checks of this package's options and arguments; they throw `INVALID_OPTIONS`. */
export const checks = createOptionChecks((message) => new DataQualityError('INVALID_OPTIONS', message));
