import type { TransformModule } from '../options.js';

/** What names the platform's transform: it is part of this package, and no module is imported for it. */
export const PLATFORM_MODULE = 'discogs-extractor:platform';

/**
 * For the option `transform`: gives records the form that the consumers of the Discogsography platform expect
 * (CONVERSION.md, section 8). It takes no options. It is meant for records of the reading `platform`.
 *
 * As the only transform of a read, or as the last one, it costs little with the engine `fast`: it is then a part of the
 * WebAssembly kernel, and makes no objects of records.
 */
export const PLATFORM_TRANSFORM: TransformModule = Object.freeze({ module: PLATFORM_MODULE });
