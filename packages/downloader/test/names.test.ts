import { describe, expect, it } from 'vitest';
import { isVersion, parseFileName } from '../src/index.js';

describe('parseFileName', () => {
  it('parses the names of data files and CHECKSUM files', () => {
    expect(parseFileName('discogs_20260101_artists.xml.gz')).toEqual({
      name: 'discogs_20260101_artists.xml.gz',
      version: '20260101',
      kind: 'artists',
    });
    expect(parseFileName('discogs_20260101_CHECKSUM.txt')?.kind).toBe('checksum');
  });

  it.each([
    '',
    'discogs_20260101_artists.xml',
    'discogs_20260101_artists.xml.gz.part',
    'discogs_20260101_artists.xml.gz\n',
    'discogs_20260101_ARTISTS.xml.gz',
    'discogs_20260101_checksum.txt',
    'discogs_20260101_users.xml.gz',
    'discogs_2026011_artists.xml.gz',
    '../discogs_20260101_artists.xml.gz',
    'data/discogs_20260101_artists.xml.gz',
    'discogs_20260101_artists.xml.gz/../../x',
    'discogs_20260101_..\\artists.xml.gz',
    'discogs_20260101_artists.xml.gz\0',
    'discogs_99999999_artists.xml.gz',
    'discogs_20260230_artists.xml.gz',
    'discogs_２０２６０１０１_artists.xml.gz',
  ])('rejects %j', (name) => {
    expect(parseFileName(name)).toBeUndefined();
  });
});

describe('isVersion', () => {
  it('accepts only days that exist', () => {
    expect(isVersion('20240229')).toBe(true);
    expect(isVersion('20230229')).toBe(false);
    expect(isVersion('20261301')).toBe(false);
    expect(isVersion('00000000')).toBe(false);
    expect(isVersion('2026-01-01')).toBe(false);
  });
});
