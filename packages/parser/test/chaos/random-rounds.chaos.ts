/*
 * The random tests of the normal suite, with many more rounds. PARSER_RUNS and GUNZIP_ROUNDS set how many; PARSER_SEED
 * repeats a failure.
 */

process.env['PARSER_RUNS'] ??= '20000';
process.env['GUNZIP_ROUNDS'] ??= '300000';

// After the settings, which these files read while they are loaded.
await import('../differential.test.js');
await import('../gzip/gzip-decoder.test.js');
