import type { RunEvent } from '../events/run-events.js';
import type { FileState, FileStatus, TypeTotals } from './service-state.js';

/** Events about one file that do not change its status. */
type NotOfState =
  | 'file-stalled'
  | 'file-moving'
  | 'file-restarted'
  | 'file-interrupted'
  | 'changes-opened'
  | 'changes-distrusted'
  | 'changes-failed'
  | 'deletions-withheld'
  | 'record-finding'
  | 'reports-restarted'
  | 'reports-failed'
  | 'rules-changed';

/** An event about one file. */
export type FileEvent = Exclude<Extract<RunEvent, { readonly file: string }>, { readonly type: NotOfState }>;

type ChosenFile = Extract<RunEvent, { readonly type: 'dump-chosen' }>['files'][number];

/** The file's status after an event, and what the event adds to the totals of the file's type. */
export interface FileUpdate {
  readonly file: FileStatus;
  readonly added: Partial<TypeTotals>;
}

/** A file of the chosen dump. What is delivered already is shown as such, whether or not this process did it. */
export const newFileStatus = ({ file, dataType, bytes, known, drift }: ChosenFile): FileStatus => {
  const isComplete = known?.isComplete === true;
  const completedAt = known?.completedAt?.getTime();
  const done = isComplete ? (bytes ?? 0) : 0;
  return {
    file,
    dataType,
    size: bytes,
    state: isComplete ? 'skipped' : 'pending',
    downloaded: done,
    read: done,
    delivered: done,
    xmlBytes: 0,
    records: known?.records ?? 0,
    confirmed: known?.records ?? 0,
    malformed: 0,
    irregularities: {},
    undelivered: known?.undelivered ?? 0,
    missing: 0,
    drift,
    quality: known?.quality,
    changes: known?.changes,
    startedAt: undefined,
    lastProgressAt: completedAt,
    lastRecordAt: completedAt,
    error: undefined,
  };
};

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
        delivered: event.bytesDelivered,
        xmlBytes: event.xmlBytes,
        records: event.records,
        confirmed: event.confirmed,
        // Those that are read again are reported again.
        malformed: event.malformed,
        irregularities: event.irregularities,
        drift: undefined,
        quality: event.quality,
        changes: event.changes,
        startedAt: now,
        lastProgressAt: now,
      });
    case 'file-progress': {
      const {
        records,
        confirmed,
        bytesRead: read,
        bytesDelivered: delivered,
        xmlBytes,
        irregularities,
        missing,
        quality,
        changes,
      } = event;
      const deleted = increase(changes?.deleted ?? 0, file.changes?.deleted ?? 0);
      const moved = records !== file.records || confirmed !== file.confirmed || read !== file.read || deleted > 0;
      return {
        file: {
          ...file,
          read,
          delivered,
          xmlBytes,
          records,
          confirmed,
          irregularities,
          missing,
          quality,
          changes,
          lastProgressAt: moved ? now : file.lastProgressAt,
          lastRecordAt: records > file.records ? now : file.lastRecordAt,
        },
        added: {
          recordsRead: increase(records, file.records),
          recordsConfirmed: increase(confirmed, file.confirmed),
          recordsPublished: changes
            ? increase(changes.published, file.changes?.published ?? 0)
            : increase(confirmed, file.confirmed),
          recordsUnchanged: increase(changes?.unchanged ?? 0, file.changes?.unchanged ?? 0),
          recordsDeleted: deleted,
          dumpBytesRead: increase(read, file.read),
          dumpBytesDelivered: increase(delivered, file.delivered),
          xmlBytesRead: increase(xmlBytes, file.xmlBytes),
          irregularities: increaseOfEach(irregularities, file.irregularities),
        },
      };
    }
    case 'record-malformed':
      return { file: { ...file, malformed: file.malformed + 1 }, added: { malformed: { [event.kind]: 1 } } };
    case 'format-checked':
      return withoutTotals({ ...file, drift: event.drift });
    case 'file-finished': {
      const state: FileState = event.outcome;
      const isDelivered = state === 'completed' || state === 'skipped';
      return withoutTotals({
        ...file,
        state,
        records: Math.max(file.records, event.records),
        confirmed: Math.max(file.confirmed, event.records),
        read: isDelivered ? (file.size ?? file.read) : file.read,
        delivered: isDelivered ? (file.size ?? file.delivered) : file.delivered,
        undelivered: event.undelivered,
        missing: event.missing,
        quality: event.quality ?? file.quality,
        changes: event.changes ?? file.changes,
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
