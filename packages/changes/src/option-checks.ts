import { createOptionChecks } from '@discogs-extractor/internal/option-checks';
import { ChangesError } from './errors.js';

export const checks = createOptionChecks((message) => new ChangesError('INVALID_OPTIONS', message));
