/** What the libraries' errors for files that a version lacks say about them. */
interface MissingFiles extends Error {
  readonly code: string;
  readonly facts: { readonly missing?: readonly string[] | undefined };
}

const CODES: ReadonlySet<unknown> = new Set(['NO_VERSION', 'INCOMPLETE_VERSION', 'CHECKSUM_MISSING']);

const isAboutMissingFiles = (error: Error): error is MissingFiles => 'code' in error && CODES.has(error.code);

/**
 * What to do about an error of a library, which does not know this program's settings; empty if there is nothing to
 * add.
 */
export const adviceFor = (error: Error): string => {
  if ('code' in error && error.code === 'TOO_MANY_MALFORMED') return ' (the setting is MAX_MALFORMED_RECORDS)';
  if (!isAboutMissingFiles(error)) return '';
  const { code, facts } = error;
  const { missing = [] } = facts;
  const types = missing.flatMap((name) => /_([a-z]+)\.xml\.gz$/.exec(name)?.[1] ?? []);
  const lacksChecksum = code === 'CHECKSUM_MISSING' || missing.some((name) => name.endsWith('_CHECKSUM.txt'));
  const advice = [
    ...(types.length > 0
      ? [`to deliver the other data types, leave ${types.join(', ')} out of --types (DATA_TYPES)`]
      : []),
    ...(lacksChecksum
      ? ['to deliver files that cannot be verified, set --allow-unverified (ALLOW_UNVERIFIED=true)']
      : []),
  ];
  return advice.length > 0 ? `; ${advice.join('; ')}` : '';
};
