import type { RunEvent } from '../events/run-events.js';
import type { FileState, FileStatus, TypeTotals } from './service-state.js';

/** An event that is about one file. */
export type FileEvent = Exclude<
  Extract<RunEvent, { readonly file: string }>,
  { readonly type: 'file-stalled' | 'file-moving' }
>;

/** What an event makes of a file, and what it adds to the sums of the file's type. */
export interface FileStep {
  readonly file: FileStatus;
  readonly added: Partial<TypeTotals>;
}

export const newFileStatus = (file: Pick<FileStatus, 'file' | 'dataType' | 'size'>): FileStatus => ({
  ...file,
  state: 'pending',
  downloaded: 0,
  read: 0,
  xmlBytes: 0,
  records: 0,
  confirmed: 0,
  malformed: 0,
  irregularities: {},
  startedAt: undefined,
  lastProgressAt: undefined,
  lastRecordAt: undefined,
  error: undefined,
});

export const reduceFile = (file: FileStatus, event: FileEvent, now: number): FileStep => {
  switch (event.type) {
    case 'download-started':
      return only({
        ...file,
        state: 'downloading',
        size: event.bytesTotal ?? file.size,
        startedAt: now,
        lastProgressAt: now,
      });
    case 'download-progress': {
      // It falls when a transfer must start over: all that comes then comes anew.
      const came = event.bytes >= file.downloaded ? event.bytes - file.downloaded : event.bytes;
      const moved = came > 0 ? { lastProgressAt: now } : {};
      return {
        file: { ...file, downloaded: event.bytes, size: event.bytesTotal ?? file.size, ...moved },
        added: event.phase === 'download' ? { bytesDownloaded: came } : {},
      };
    }
    case 'download-retry':
      return { file, added: { downloadRetries: 1 } };
    case 'download-finished':
      return only({ ...file, state: 'downloaded', downloaded: event.bytes, size: event.bytes, lastProgressAt: now });
    case 'download-failed':
      return only({ ...file, state: 'failed', error: event.error.message });
    case 'file-started':
      // What earlier runs have delivered is where this one begins, and nothing that it has done.
      return only({
        ...file,
        state: 'extracting',
        size: event.bytesTotal,
        read: event.bytesRead,
        xmlBytes: event.xmlBytes,
        records: event.records,
        confirmed: event.confirmed,
        irregularities: event.irregularities,
        startedAt: now,
        lastProgressAt: now,
      });
    case 'file-progress': {
      const { records, confirmed, bytesRead: read, xmlBytes, irregularities } = event;
      const moved = records !== file.records || confirmed !== file.confirmed || read !== file.read;
      return {
        file: {
          ...file,
          read,
          xmlBytes,
          records,
          confirmed,
          irregularities,
          lastProgressAt: moved ? now : file.lastProgressAt,
          lastRecordAt: records > file.records ? now : file.lastRecordAt,
        },
        added: {
          recordsRead: more(records, file.records),
          recordsConfirmed: more(confirmed, file.confirmed),
          dumpBytesRead: more(read, file.read),
          xmlBytesRead: more(xmlBytes, file.xmlBytes),
          irregularities: moreOfEach(irregularities, file.irregularities),
        },
      };
    }
    case 'record-malformed':
      return { file: { ...file, malformed: file.malformed + 1 }, added: { malformed: { [event.kind]: 1 } } };
    case 'file-finished': {
      const state: FileState = event.outcome;
      const isThere = state === 'completed' || state === 'skipped';
      return only({
        ...file,
        state,
        records: Math.max(file.records, event.records),
        confirmed: Math.max(file.confirmed, event.records),
        read: isThere ? (file.size ?? file.read) : file.read,
        error: event.error?.message,
      });
    }
  }
};

const only = (file: FileStatus): FileStep => ({ file, added: {} });

const more = (now: number, before: number): number => Math.max(0, now - before);

const moreOfEach = (
  now: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(now)
      .map(([kind, count]): [string, number] => [kind, more(count, before[kind] ?? 0)])
      .filter(([, count]) => count > 0),
  );
