import { describe, expect, it } from 'vitest';
import { createRedact, redactedCause } from '../src/redact.js';
import { visibleText } from './support/publisher-harness.js';

describe('credentials', () => {
  it('are removed from texts, even if they are short or have special characters', () => {
    const redact = createRedact([{ username: 'bob', password: 'p.*s/w$rd' }]);
    expect(redact("refused for user 'bob' (bobbin), p.*s/w$rd and p.*s%2Fw%24rd")).toBe(
      "refused for user '***' (bobbin), *** and ***",
    );
    expect(redact('failed: amqp://bob:p.*s@host/')).toBe('failed: amqp://***@host/');
  });

  it('are removed from causes, which keep code and name', () => {
    const cause = redactedCause(createRedact([{ username: 'u', password: 'hunter22' }]), {
      __proto__: Object.assign(new TypeError('no hunter22'), { code: 'EX' }),
    });
    expect(visibleText(cause)).not.toContain('hunter22');
    const kept = redactedCause(
      createRedact([{ username: 'u', password: 'x' }]),
      Object.assign(new TypeError('t'), { code: 'EX' }),
    );
    expect(kept).toMatchObject({ name: 'TypeError', code: 'EX', message: 't' });
  });
});
