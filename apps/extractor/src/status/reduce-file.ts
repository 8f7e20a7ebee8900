import type { RunEvent } from '../events/run-events.js';
import type { FileState, FileStatus, TypeTotals } from './service-state.js';

/** An event about one file. */
export type FileEvent = Exclude<
  Extract<RunEvent, { readonly file: string }>,
  { readonly type: 'file-stalled' | 'file-moving' | 'file-restarted' }
>;

/** The file's status after an event, and what the event adds to the totals of the file's type. */
export interface FileUpdate {
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

export const reduceFile = (file: FileStatus, event: FileEvent, now: number): FileUpdate => {
  switch (event.type) {
    case 'download-started':
      return withoutTotals({
        ...file,
        state: 'downloading',
        size: event.bytesTotal ?? file.size,
        startedAt: now,
        lastProgressAt: now,
      });
    case 'download-progress': {
      // The count falls when a transfer starts over: then all bytes are new.
      const newBytes = event.bytes >= file.downloaded ? event.bytes - file.downloaded : event.bytes;
      const moved = newBytes > 0 ? { lastProgressAt: now } : {};
      return {
        file: { ...file, downloaded: event.bytes, size: event.bytesTotal ?? file.size, ...moved },
        added: event.phase === 'download' ? { bytesDownloaded: newBytes } : {},
      };
    }
    case 'download-retry':
      return { file, added: { downloadRetries: 1 } };
    case 'download-finished':
      return withoutTotals({
        ...file,
        state: 'downloaded',
        downloaded: event.bytes,
        size: event.bytes,
        lastProgressAt: now,
      });
    case 'download-failed':
      return withoutTotals({ ...file, state: 'failed', error: event.error.message });
    case 'file-started':
      // What earlier runs delivered is the starting point of this one, not its work: it adds nothing to the totals.
      return withoutTotals({
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
          recordsRead: increase(records, file.records),
          recordsConfirmed: increase(confirmed, file.confirmed),
          dumpBytesRead: increase(read, file.read),
          xmlBytesRead: increase(xmlBytes, file.xmlBytes),
          irregularities: increaseOfEach(irregularities, file.irregularities),
        },
      };
    }
    case 'record-malformed':
      return { file: { ...file, malformed: file.malformed + 1 }, added: { malformed: { [event.kind]: 1 } } };
    case 'file-finished': {
      const state: FileState = event.outcome;
      const isDelivered = state === 'completed' || state === 'skipped';
      return withoutTotals({
        ...file,
        state,
        records: Math.max(file.records, event.records),
        confirmed: Math.max(file.confirmed, event.records),
        read: isDelivered ? (file.size ?? file.read) : file.read,
        error: event.error?.message,
      });
    }
  }
};

const withoutTotals = (file: FileStatus): FileUpdate => ({ file, added: {} });

const increase = (now: number, before: number): number => Math.max(0, now - before);

const increaseOfEach = (
  now: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(now)
      .map(([kind, count]): [string, number] => [kind, increase(count, before[kind] ?? 0)])
      .filter(([, count]) => count > 0),
  );
