import { testKills } from '../test-kills.js';

testKills(10 * Number(process.env['CHAOS_RUNS'] ?? 20));
