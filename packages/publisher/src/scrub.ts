import type { BrokerAddress } from './broker-address.js';

/** Removes credentials from what the broker, Node or amqplib say. */
export type Scrub = (text: string) => string;

const escapeForRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * Brokers quote the user's name (`refused for user 'bob'`), and a URL may be repeated by whatever failed to use it.
 * Very short names and passwords are only removed where they are quoted: else every letter `a` would go.
 */
export const createScrub = ({ username, password }: Pick<BrokerAddress, 'username' | 'password'>): Scrub => {
  const secrets = [password, encodeURIComponent(password), username, encodeURIComponent(username)].filter(
    (it) => it.length > 0,
  );
  const patterns = secrets.map((secret) => {
    const text = escapeForRegExp(secret);
    return secret.length >= 4 ? new RegExp(text, 'g') : new RegExp(`(?<=['"\`:/])${text}(?=['"\`:@])`, 'g');
  });
  return (text) =>
    patterns.reduce((rest, pattern) => rest.replace(pattern, '***'), text.replace(/\/\/[^/\s@]*@/g, '//***@'));
};

/** A copy of a foreign error that can be shown: name, code, message and stack, without credentials. */
export const scrubbedCause = (scrub: Scrub, error: unknown): Error => {
  const original = error instanceof Error ? error : new Error(String(error));
  const copy: Error & { code?: unknown } = new Error(scrub(original.message));
  copy.name = original.name;
  if (original.stack !== undefined) copy.stack = scrub(original.stack);
  const code = (original as { code?: unknown }).code;
  if (code !== undefined) copy.code = code;
  return copy;
};
