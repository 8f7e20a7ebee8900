import { ParserError } from './errors.js';
import type { EngineName } from './stream/options.js';

/** @throws ParserError `ENGINE_UNAVAILABLE` */
export const checkEngine = (engine: EngineName): void => {
  if (engine === 'fast') throw new ParserError('ENGINE_UNAVAILABLE', 'the fast engine is not there yet');
};
