import { testKills } from './test-kills.js';

testKills(10);
