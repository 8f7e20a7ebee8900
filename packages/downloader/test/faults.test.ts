import { it } from 'vitest';
import { downloadThroughFaults } from './support/faults.js';

// The chaos suite has a long round with a new seed each time.
it('leaves no wrong byte under a final name through 40 faults', () => downloadThroughFaults(40, 20260101));
