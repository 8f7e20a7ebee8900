import { messageOf } from '@discogs-extractor/internal/errno';
import type { BrokerAddress } from './broker-address.js';

/** Removes credentials from texts of the broker, Node or amqplib. */
export type Redact = (text: string) => string;

/** A shorter user or password is only removed if it is quoted: otherwise every letter `a` might be replaced. */
const MIN_UNQUOTED_LENGTH = 4;

const escapeForRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Brokers quote the user's name (`refused for user 'bob'`), and an error may repeat a URL that failed. */
export const createRedact = (addresses: readonly Pick<BrokerAddress, 'username' | 'password'>[]): Redact => {
  const words = addresses.flatMap(({ username, password }) => [password, username]);
  const secrets = [...new Set(words.flatMap((word) => [word, encodeURIComponent(word)]))].filter(
    (secret) => secret.length > 0,
  );
  const patterns = secrets.map((secret) => {
    const text = escapeForRegExp(secret);
    return secret.length >= MIN_UNQUOTED_LENGTH
      ? new RegExp(text, 'g')
      : new RegExp(`(?<=['"\`:/])${text}(?=['"\`:@])`, 'g');
  });
  return (text) =>
    patterns.reduce((rest, pattern) => rest.replace(pattern, '***'), text.replace(/\/\/[^/\s@]*@/g, '//***@'));
};

/** A copy of an error of another library that can be shown: name, code, message and stack, without credentials. */
export const redactedCause = (redact: Redact, error: unknown): Error => {
  const original = error instanceof Error ? error : new Error(String(error));
  const copy: Error & { code?: unknown } = new Error(redact(messageOf(original)));
  copy.name = original.name;
  if (original.stack !== undefined) copy.stack = redact(original.stack);
  const code = (original as { code?: unknown }).code;
  if (code !== undefined) copy.code = code;
  return copy;
};
