import { describeError, errorCodeOf } from '../errors.js';
import type { RunListener } from '../events/run-events.js';
import type { Logger } from './logger.js';

/** Even where records rush past the interval, a file gets no more than one progress line in this time. */
const LEAST_MS_BETWEEN_PROGRESS = 1000;

export interface LogListenerOptions {
  /** Records of a file between two progress lines; `Infinity` for none. */
  readonly progressInterval: number;
}

/** Logs what happens in a pass, with the emoji that the platform's log readers know (DESIGN 7.3). */
export const createLogListener = (logger: Logger, { progressInterval }: LogListenerOptions): RunListener => {
  const lastLogged = new Map<string, { records: number; at: number }>();

  return (event) => {
    switch (event.type) {
      case 'pass-started':
        logger.info(
          { version: event.version, decision: event.decision, reason: event.reason },
          `🚀 Dump ${event.version}: ${event.reason}`,
        );
        break;
      case 'marker-set-aside':
        logger.warn({ path: event.path }, '⚠️ The state marker could not be read: it was set aside, a new one begins');
        break;
      case 'earlier-marker-unreadable':
        logger.warn(
          { version: event.version, code: errorCodeOf(event.error), error: describeError(event.error) },
          `⚠️ The state marker of dump ${event.version} cannot be read: its record counts are not compared`,
        );
        break;
      case 'metadata-set-aside':
        logger.warn({ path: event.path }, '⚠️ The download metadata could not be read: it is made anew');
        break;
      case 'download-started':
        logger.info({ file: event.file, bytes: event.bytesTotal }, `📥 Getting ${event.file}`);
        break;
      case 'download-progress':
        break;
      case 'download-retry':
        logger.warn(
          {
            file: event.file,
            delay_ms: event.delayMs,
            code: errorCodeOf(event.error),
            error: describeError(event.error),
          },
          `⚠️ ${event.file}: the transfer failed and is tried again`,
        );
        break;
      case 'version-passed-over':
        logger.warn(
          { version: event.version, missing: event.missing },
          `⚠️ Dump ${event.version} is newer, but not complete: it lacks ${event.missing.join(', ')}`,
        );
        break;
      case 'download-failed':
        logger.error(
          { file: event.file, code: errorCodeOf(event.error), error: describeError(event.error) },
          `❌ ${event.file} could not be fetched`,
        );
        break;
      case 'version-pruned':
        logger.info(
          { version: event.version, files: event.files },
          `✅ Dump ${event.version} was deleted to make room`,
        );
        break;
      case 'download-finished':
        logger.info(
          { file: event.file, bytes: event.bytes, reused: event.reused },
          `✅ ${event.file} ${event.reused ? 'is here already, verified' : 'fetched and verified'}`,
        );
        break;
      case 'file-started':
        lastLogged.set(event.file, { records: event.records, at: performance.now() });
        logger.info(
          { file: event.file, data_type: event.dataType, resumed_after: event.resumedAfter, reason: event.reason },
          event.resumedAfter > 0
            ? `🚀 Going on with ${event.dataType} after record ${event.resumedAfter}`
            : `🚀 Extracting ${event.dataType}`,
        );
        break;
      case 'file-progress': {
        const last = lastLogged.get(event.file) ?? { records: 0, at: Number.NEGATIVE_INFINITY };
        const now = performance.now();
        if (event.records - last.records < progressInterval || now - last.at < LEAST_MS_BETWEEN_PROGRESS) return;
        logger.info(
          {
            file: event.file,
            data_type: event.dataType,
            records: event.records,
            confirmed: event.confirmed,
            percent: event.bytesTotal > 0 ? Math.floor((100 * event.bytesRead) / event.bytesTotal) : 100,
            records_per_second: Math.round((event.records - last.records) / ((now - last.at) / 1000)),
          },
          `📊 ${event.dataType}: ${event.records} records`,
        );
        lastLogged.set(event.file, { records: event.records, at: now });
        break;
      }
      case 'file-stalled':
        logger.warn(
          { file: event.file, phase: event.phase, seconds: Math.round(event.seconds) },
          `⚠️ ${event.file}: the ${event.phase} has not moved for ${Math.round(event.seconds)} s`,
        );
        break;
      case 'file-moving':
        logger.info(
          { file: event.file, phase: event.phase, seconds: Math.round(event.seconds) },
          `✅ ${event.file}: the ${event.phase} moves again, after ${Math.round(event.seconds)} s`,
        );
        break;
      case 'record-malformed':
        logger.warn(
          {
            file: event.file,
            kind: event.kind,
            byte_offset: event.byteOffset,
            reason: event.reason,
            kept_in: event.keptIn,
          },
          `⚠️ Malformed record in ${event.file}: kept in the quarantine, not delivered`,
        );
        break;
      case 'file-finished': {
        const { file, dataType, records, delivered, seconds, malformed, irregularities } = event;
        const facts = {
          file,
          data_type: dataType,
          records,
          delivered,
          seconds: Number(seconds.toFixed(3)),
          malformed,
          irregularities,
        };
        if (event.outcome === 'completed' && malformed === 0 && Object.keys(irregularities).length === 0)
          logger.info(facts, `✅ ${dataType}: all ${records} records delivered`);
        else if (event.outcome === 'completed')
          logger.warn(facts, `⚠️ ${dataType}: ${records} records delivered, but the dump is not as it should be`);
        else if (event.outcome === 'skipped' && event.undelivered > 0)
          logger.warn(
            { ...facts, undelivered: event.undelivered },
            `⚠️ ${dataType}: done in an earlier run, but not all that is in it (${event.undelivered})`,
          );
        else if (event.outcome === 'skipped') logger.info(facts, `✅ ${dataType}: done in an earlier run`);
        else if (event.outcome === 'stopped') logger.info(facts, `🛑 ${dataType}: stopped after record ${records}`);
        else
          logger.error(
            { ...facts, code: errorCodeOf(event.error), error: describeError(event.error) },
            `❌ ${dataType}: failed after ${records} confirmed records`,
          );
        break;
      }
      case 'pass-failed':
        logger.error({ code: errorCodeOf(event.error) }, `❌ ${describeError(event.error)}`);
        break;
      case 'pass-finished': {
        const facts = { version: event.version, seconds: Number(event.seconds.toFixed(3)) };
        const records = event.files.reduce((sum, file) => sum + file.records, 0);
        const { undelivered } = event;
        const lack = `not all that is in it (${undelivered}): see the quarantine, and the log of the run that met it`;
        if (event.outcome === 'completed' && undelivered > 0)
          logger.warn(
            { ...facts, records, undelivered },
            `⚠️ Dump ${event.version}: ${records} records are delivered, but ${lack}`,
          );
        else if (event.outcome === 'skipped' && undelivered > 0)
          logger.warn(
            { ...facts, undelivered },
            `⚠️ Dump ${event.version}: nothing to do; its records are delivered, but ${lack}`,
          );
        else if (event.outcome === 'completed')
          logger.info({ ...facts, records }, `🎉 Dump ${event.version}: all ${records} records delivered`);
        else if (event.outcome === 'skipped') logger.info(facts, `✅ Dump ${event.version}: nothing to do`);
        else if (event.outcome === 'stopped') logger.info({ ...facts, records }, `🛑 Dump ${event.version}: stopped`);
        else logger.error({ ...facts, records }, `❌ Dump ${event.version}: not all of it was delivered`);
        break;
      }
    }
  };
};
