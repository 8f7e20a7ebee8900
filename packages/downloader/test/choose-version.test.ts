import { describe, expect, it } from 'vitest';
import { DATA_TYPES, type DataType } from '../src/index.js';
import { checksumFileName, dataFileName } from '../src/names.js';
import { chooseVersion } from '../src/plan/choose-version.js';
import { ListingBuilder } from '../src/sources/listing-builder.js';
import { errorThrownBy } from './support/errors.js';

const listing = (versions: Record<string, readonly (DataType | 'checksum')[]>) => {
  const builder = new ListingBuilder();
  for (const [version, kinds] of Object.entries(versions)) {
    for (const kind of kinds) {
      const name = kind === 'checksum' ? checksumFileName(version) : dataFileName(version, kind);
      builder.add({ name, version, kind, size: 1, key: name });
    }
  }
  return builder.build();
};

const complete = [...DATA_TYPES, 'checksum'] as const;

describe('chooseVersion', () => {
  it('chooses the newest version, whatever the order of the listing', () => {
    const versions = listing({ 20251201: complete, 20260201: complete, 20260101: complete });
    const choice = chooseVersion({ ...versions, versions: versions.versions.toReversed() }, DATA_TYPES, undefined);
    expect(choice.version).toBe('20260201');
    expect(choice.files.map(({ kind }) => kind)).toEqual(DATA_TYPES);
    expect(choice.checksum?.name).toBe('discogs_20260201_CHECKSUM.txt');
    expect(choice.passedOver).toEqual([]);
  });

  it('passes over newer versions that lack a file, and reports them', () => {
    const versions = listing({
      20260101: complete,
      20260201: ['artists', 'labels', 'masters', 'checksum'],
      20260301: DATA_TYPES,
    });
    const choice = chooseVersion(versions, DATA_TYPES, undefined);
    expect(choice.version).toBe('20260101');
    expect(choice.passedOver).toEqual([
      { version: '20260301', missing: ['discogs_20260301_CHECKSUM.txt'] },
      { version: '20260201', missing: ['discogs_20260201_releases.xml.gz'] },
    ]);
  });

  it('requires only the wanted types and the CHECKSUM file', () => {
    const versions = listing({ 20260101: complete, 20260201: ['artists', 'masters', 'checksum'] });
    expect(chooseVersion(versions, ['artists', 'masters'], undefined)).toMatchObject({
      version: '20260201',
      files: [{ kind: 'artists' }, { kind: 'masters' }],
    });
    expect(chooseVersion(versions, ['artists', 'labels'], undefined).version).toBe('20260101');
  });

  it('chooses the requested version, even if it is old', () => {
    expect(chooseVersion(listing({ 20260101: complete, 20251201: complete }), DATA_TYPES, '20251201').version).toBe(
      '20251201',
    );
  });

  it('reports what the requested version lacks', () => {
    const error = errorThrownBy(
      () => chooseVersion(listing({ 20260101: complete, 20260201: ['artists'] }), ['artists', 'labels'], '20260201'),
      'INCOMPLETE_VERSION',
    );
    expect(error.facts.version).toBe('20260201');
    expect(error.facts.missing).toEqual(['discogs_20260201_labels.xml.gz', 'discogs_20260201_CHECKSUM.txt']);
    expect(error.facts.available?.map(({ version }) => version)).toEqual(['20260201', '20260101']);
  });

  it('does not count a missing CHECKSUM file as lacking if unverified files will do', () => {
    const old = listing({ 20080309: ['artists', 'labels'] });
    for (const [requested, code] of [
      ['20080309', 'INCOMPLETE_VERSION'],
      [undefined, 'NO_VERSION'],
    ] as const) {
      const error = errorThrownBy(() => chooseVersion(old, ['artists', 'masters'], requested, true), code);
      expect(error.facts.missing).toEqual(['discogs_20080309_masters.xml.gz']);
    }
  });

  it('reports the available versions if the requested one is not available', () => {
    const error = errorThrownBy(
      () => chooseVersion(listing({ 20260101: complete }), DATA_TYPES, '20200101'),
      'UNKNOWN_VERSION',
    );
    expect(error.facts.available).toEqual([{ version: '20260101', missing: [] }]);
  });

  it.each([{}, { 20260101: ['artists'] as const }])('rejects if no version is complete (%j)', (versions) => {
    const error = errorThrownBy(() => chooseVersion(listing(versions), DATA_TYPES, undefined), 'NO_VERSION');
    expect(error.facts.version).toBeUndefined();
    expect(error.facts.available).toHaveLength(Object.keys(versions).length);
  });
});
