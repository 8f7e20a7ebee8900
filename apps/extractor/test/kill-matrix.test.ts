import { describe, it } from 'vitest';
import { KILL_SEED, runNdjsonMatrix, runRabbitmqMatrix, SHORT_MATRIX } from './kit/kill-matrix.js';

describe(`after ${SHORT_MATRIX.kills} kills at random moments (KILL_SEED=${KILL_SEED})`, () => {
  it('RabbitMQ has every record', ({ annotate }) => runRabbitmqMatrix(SHORT_MATRIX, annotate), 300_000);
  it('the NDJSON files have every record once', ({ annotate }) => runNdjsonMatrix(SHORT_MATRIX, annotate), 300_000);
});
