/* Tests of the normal suite that try only some of their cases there, with all of them. */

process.env['EXTRACTOR_EXHAUSTIVE'] ??= '1';

// After the setting, which these files read while they are loaded.
await import('../changes-faults.test.js');
await import('../destination.test.js');
await import('../extraction-complete-amqp.test.js');
await import('../inspect.test.js');
await import('../parse.test.js');
