import { describe, it } from 'vitest';
import { KILL_SEED, surviveNdjson, surviveRabbitmq } from '../kit/kill-matrix.js';

const KILLS = Number(process.env['KILLS'] ?? 50);

describe(`a process that is killed ${KILLS} times at random moments, by SIGKILL and by SIGTERM (KILL_SEED=${KILL_SEED})`, () => {
  it('leaves every record in RabbitMQ', ({ annotate }) => surviveRabbitmq(KILLS, annotate), 3_600_000);
  it('leaves every record once in its NDJSON file', ({ annotate }) => surviveNdjson(KILLS, annotate), 3_600_000);
});
