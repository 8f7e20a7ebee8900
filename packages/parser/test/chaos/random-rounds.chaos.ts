/*
 * The random tests of the normal suite, with many more rounds, and its tests of every place and combination, of which
 * the normal suite tries a part. PARSER_RUNS and GUNZIP_ROUNDS set how many rounds; PARSER_SEED repeats a failure.
 */

process.env['PARSER_RUNS'] ??= '20000';
process.env['GUNZIP_ROUNDS'] ??= '300000';
process.env['PARSER_EXHAUSTIVE'] ??= '1';

// After the settings, which these files read while they are loaded.
await import('../differential.test.js');
await import('../inventory.test.js');
await import('../gzip/gzip-decoder.test.js');
await import('../gzip/damaged-gzip.test.js');
await import('../conformance.test.js');
await import('../parallel/workers.test.js');
await import('../shape/values-carried.test.js');
await import('../kernel/structure.test.js');
