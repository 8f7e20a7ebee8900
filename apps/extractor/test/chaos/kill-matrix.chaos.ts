import { describe, it } from 'vitest';
import { KILL_SEED, LONG_MATRIX, runNdjsonMatrix, runRabbitmqMatrix } from '../kit/kill-matrix.js';

describe(`after ${LONG_MATRIX.kills} kills at random moments, by SIGKILL and by SIGTERM (KILL_SEED=${KILL_SEED})`, () => {
  it('RabbitMQ has every record', ({ annotate }) => runRabbitmqMatrix(LONG_MATRIX, annotate), 3_600_000);
  it(
    'RabbitMQ has every record under CONTRACT=fanout',
    ({ annotate }) => runRabbitmqMatrix(LONG_MATRIX, annotate, 'fanout'),
    3_600_000,
  );
  it('the NDJSON files have every record once', ({ annotate }) => runNdjsonMatrix(LONG_MATRIX, annotate), 3_600_000);
});
