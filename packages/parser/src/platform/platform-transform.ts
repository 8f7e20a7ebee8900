import type { TransformModule } from '../options.js';
import { NORMALIZE_MODULE } from './normalize-module.generated.js';

/**
 * For the option `transform`: gives records the form that the consumers of the Discogsography platform expect
 * (CONVERSION.md, section 8). It takes no options. It is meant for records of the reading `platform`.
 */
export const PLATFORM_TRANSFORM: TransformModule = Object.freeze({ module: NORMALIZE_MODULE });
