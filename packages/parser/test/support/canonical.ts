import { createHash } from 'node:crypto';

/** Canonical JSON of a parsed value, implemented independently of the package: keys sorted by their UTF-8 bytes. */
export const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const keys = Object.keys(value).sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  const members = keys.map((key) => {
    const member = Object.getOwnPropertyDescriptor(value, key)!.value as unknown;
    return `${JSON.stringify(key)}:${canonical(member)}`;
  });
  return `{${members.join(',')}}`;
};

export const canonicalHash = (value: unknown): string => createHash('sha256').update(canonical(value)).digest('hex');
