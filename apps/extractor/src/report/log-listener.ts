import { countOf } from '../count-of.js';
import { driftHeadline } from '../drift/drift-summary.js';
import { byteOffsetOf, describeError, errorCodeOf } from '../errors.js';
import type { RunListener } from '../events/run-events.js';
import { ratePerSecond, type Sample } from '../status/rate.js';
import { changesText } from './changes-text.js';
import type { Logger } from './logger.js';
import { qualityFacts, qualityText } from './quality-text.js';

/** Lower bound of the time between two progress lines of a file, however fast its records are. */
const MIN_PROGRESS_INTERVAL_MS = 1000;

export interface LogListenerOptions {
  /** Records of a file between two progress lines; `Infinity` for no such lines. */
  readonly progressInterval: number;
}

/** Logs the events of a run, with the emoji that the platform's log readers know. */
export const createLogListener = (logger: Logger, { progressInterval }: LogListenerOptions): RunListener => {
  const lastLogged = new Map<string, Sample>();

  return (event) => {
    switch (event.type) {
      case 'dump-chosen':
        logger.info(
          { version: event.version, decision: event.decision, reason: event.reason },
          `🚀 Dump ${event.version}: ${event.reason}`,
        );
        break;
      case 'marker-set-aside':
        logger.warn(
          { path: event.path },
          `⚠️ The state marker could not be read: set aside as ${event.path}, starting with a new one`,
        );
        break;
      case 'earlier-marker-unreadable':
        logger.warn(
          { version: event.version, code: errorCodeOf(event.error), error: describeError(event.error) },
          `⚠️ Cannot read the state marker of dump ${event.version}: its record counts are not compared`,
        );
        break;
      case 'earlier-inventory-unreadable':
        logger.warn(
          { path: event.path, code: errorCodeOf(event.error), error: describeError(event.error) },
          `⚠️ Cannot read the inventory ${event.path}: the format is not compared with it`,
        );
        break;
      case 'metadata-set-aside':
        logger.warn(
          { path: event.path },
          `⚠️ The download metadata could not be read: set aside as ${event.path}, starting with new metadata`,
        );
        break;
      case 'download-started':
        logger.info({ file: event.file, bytes: event.bytesTotal }, `📥 Downloading ${event.file}`);
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
          `⚠️ ${event.file}: the download failed; retrying`,
        );
        break;
      case 'version-passed-over':
        logger.warn(
          { version: event.version, missing: event.missing },
          `⚠️ Dump ${event.version} is newer, but incomplete: ${event.missing.join(', ')} missing`,
        );
        break;
      case 'download-failed':
        logger.error(
          { file: event.file, code: errorCodeOf(event.error), error: describeError(event.error) },
          `❌ Could not download ${event.file}`,
        );
        break;
      case 'version-pruned':
        logger.info(
          { version: event.version, files: event.files },
          `✅ Deleted the old dump ${event.version} (KEEP_VERSIONS)`,
        );
        break;
      case 'download-finished':
        if (!event.verified) {
          logger.warn(
            { file: event.file, bytes: event.bytes, reused: event.reused, sha256: event.sha256 },
            `⚠️ ${event.file} is NOT VERIFIED: no SHA-256 is published for it, and ALLOW_UNVERIFIED is set`,
          );
          break;
        }
        logger.info(
          { file: event.file, bytes: event.bytes, reused: event.reused },
          `✅ ${event.file} ${event.reused ? 'is already present; verified' : 'downloaded and verified'}`,
        );
        break;
      case 'marker-not-saved':
        logger.error(
          { code: errorCodeOf(event.error) },
          `❌ The state marker could not be saved either: ${describeError(event.error)}`,
        );
        break;
      case 'destination-unknown':
        logger.warn(
          { code: errorCodeOf(event.error) },
          `⚠️ Could not check that the records are where this run would deliver to: ${describeError(event.error)}`,
        );
        break;
      case 'file-restarted':
        logger.warn(
          { file: event.file, data_type: event.dataType, confirmed_before: event.records, reason: event.reason },
          `⚠️ ${event.dataType}: delivering again from the first record: ${event.reason}`,
        );
        break;
      case 'file-interrupted':
        logger.warn(
          { file: event.file, data_type: event.dataType, records: event.records, reason: event.reason },
          `⚠️ ${event.dataType}: sending what follows record ${event.records} again: ${event.reason}`,
        );
        break;
      case 'reports-restarted':
        logger.warn(
          { file: event.file, data_type: event.dataType, records: event.records, reason: event.reason },
          `⚠️ ${event.dataType}: reading ${countOf(event.records, 'record')} again, to report on them and not to deliver ` +
            `them: ${event.reason}`,
        );
        break;
      case 'reports-failed':
        logger.error(
          { file: event.file, code: errorCodeOf(event.error), error: describeError(event.error) },
          `❌ ${event.dataType}: reports on records could not be written either`,
        );
        break;
      case 'rules-changed':
        logger.warn(
          { file: event.file, data_type: event.dataType },
          event.isDeliveryChanged
            ? `⚠️ ${event.dataType}: delivered earlier under other skip_records or filters; --force-reprocess delivers ` +
                'the dump again under those in force'
            : `⚠️ ${event.dataType}: reported on earlier under other rules; --force-reprocess delivers the dump again, and ` +
                'parse --flagged only reports',
        );
        break;
      case 'changes-opened':
        logger[event.isNew && event.isDeliveredBefore ? 'warn' : 'info'](
          { file: event.file, data_type: event.dataType, store: event.path, ids: event.ids },
          event.isNew
            ? event.isDeliveredBefore
              ? `⚠️ ${event.dataType}: it is not known which records the sink has, so all are sent; what this dump lacks of ` +
                'earlier deliveries cannot be deleted'
              : `🚀 ${event.dataType}: all records are sent, and remembered for the next dump`
            : `🚀 ${event.dataType}: the sink has ${countOf(event.ids, 'record')}`,
        );
        break;
      case 'changes-distrusted':
        logger.warn(
          { file: event.file, data_type: event.dataType, reason: event.reason },
          `⚠️ ${event.dataType}: the sink may have lost records, so all are sent once more: ${event.reason}`,
        );
        break;
      case 'deletions-withheld':
        logger.warn(
          { file: event.file, data_type: event.dataType, missing: event.missing, reason: event.reason },
          `⚠️ ${event.dataType}: nothing is deleted, though the dump lacks ${countOf(event.missing, 'id')}: ${event.reason}`,
        );
        break;
      case 'changes-failed':
        logger.error(
          { file: event.file, code: errorCodeOf(event.error), error: describeError(event.error) },
          `❌ ${event.dataType}: what the sink has could not be noted either`,
        );
        break;
      case 'file-started':
        lastLogged.set(event.file, { count: event.records, at: performance.now() });
        logger.info(
          { file: event.file, data_type: event.dataType, resumed_after: event.resumedAfter, reason: event.reason },
          event.resumedAfter > 0
            ? `🚀 Resuming ${event.dataType} after record ${event.resumedAfter}`
            : `🚀 Extracting ${event.dataType}`,
        );
        break;
      case 'file-progress': {
        const last = lastLogged.get(event.file) ?? { count: 0, at: Number.NEGATIVE_INFINITY };
        const now: Sample = { count: event.records, at: performance.now() };
        if (now.count - last.count < progressInterval || now.at - last.at < MIN_PROGRESS_INTERVAL_MS) return;
        logger.info(
          {
            file: event.file,
            data_type: event.dataType,
            records: event.records,
            confirmed: event.confirmed,
            percent: event.bytesTotal > 0 ? Math.floor((100 * event.bytesDelivered) / event.bytesTotal) : 100,
            records_per_second: Math.round(ratePerSecond(last, now) ?? 0),
          },
          `📊 ${event.dataType}: ${countOf(event.records, 'record')}`,
        );
        lastLogged.set(event.file, now);
        break;
      }
      case 'file-stalled':
        logger.warn(
          { file: event.file, phase: event.phase, seconds: Math.round(event.seconds) },
          `⚠️ ${event.file}: no ${event.phase} progress for ${Math.round(event.seconds)} s`,
        );
        break;
      case 'file-moving':
        logger.info(
          { file: event.file, phase: event.phase, seconds: Math.round(event.seconds) },
          `✅ ${event.file}: ${event.phase} progress again after ${Math.round(event.seconds)} s`,
        );
        break;
      case 'record-finding':
        logger.debug(
          { file: event.file, record: event.number, id: event.id, finding: event.finding },
          `🔍 Finding about a record of ${event.file}`,
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
          event.kind === 'refused'
            ? `⚠️ The broker does not take a record of ${event.file}: not delivered, kept in the quarantine`
            : `⚠️ Malformed record in ${event.file}: not delivered, kept in the quarantine`,
        );
        break;
      case 'format-checked': {
        const { comparedWith, total, counts, changes, report } = event.drift;
        const facts = { file: event.file, data_type: event.dataType, compared_with: comparedWith, report };
        if (total === 0) logger.debug(facts, `✅ ${event.dataType}: ${driftHeadline(event.drift)}`);
        else {
          logger.warn(
            { ...facts, counts, changes },
            `⚠️ ${event.dataType}: ${driftHeadline(event.drift)}: ${changes[0]}${total > 1 ? '; …' : ''}. See ${report}`,
          );
        }
        break;
      }
      case 'file-finished': {
        const { file, dataType, records, delivered, seconds, malformed, irregularities, undelivered, missing } = event;
        const { quality, changes } = event;
        const facts = {
          file,
          data_type: dataType,
          records,
          delivered,
          seconds: Number(seconds.toFixed(3)),
          malformed,
          irregularities,
          ...(undelivered > 0 && { undelivered }),
          ...(missing > 0 && { missing }),
          ...(quality && { quality: qualityFacts(quality) }),
          ...changes,
        };
        const found = quality ? qualityText(quality) : '';
        if (found !== '' && event.outcome !== 'skipped') {
          logger[quality!.error > 0 ? 'warn' : 'info'](
            { file, data_type: dataType },
            `📊 ${dataType}: by the rules, ${found}`,
          );
        }
        if (changes && event.outcome !== 'skipped') {
          logger.info({ file, data_type: dataType, ...changes }, `📊 ${dataType}: ${changesText(changes)}`);
        }
        if (event.outcome === 'completed' && missing > 0)
          logger.warn(facts, `⚠️ ${dataType}: ${countOf(records, 'record')} confirmed, but ${missingText(missing)}`);
        else if (event.outcome === 'completed' && malformed === 0 && Object.keys(irregularities).length === 0)
          logger.info(facts, `✅ ${dataType}: ${deliveredText(records, quality?.skipped)}`);
        else if (event.outcome === 'completed' && undelivered > 0)
          logger.warn(
            facts,
            `⚠️ ${dataType}: ${countOf(records, 'record')} delivered, ${partsOf(undelivered)} not ` +
              '(see "malformed" and "irregularities")',
          );
        else if (event.outcome === 'completed')
          logger.warn(
            facts,
            `⚠️ ${dataType}: ${countOf(records, 'record')} delivered, but the dump has irregularities ` +
              '(see "irregularities")',
          );
        else if (event.outcome === 'skipped' && undelivered > 0)
          logger.warn(facts, `⚠️ ${dataType}: completed earlier, except for ${partsOf(undelivered)}`);
        else if (event.outcome === 'skipped') logger.info(facts, `✅ ${dataType}: completed in an earlier run`);
        else if (event.outcome === 'stopped') logger.info(facts, `🛑 ${dataType}: stopped after record ${records}`);
        else
          logger.error(
            {
              ...facts,
              code: errorCodeOf(event.error),
              error: describeError(event.error),
              byte_offset: byteOffsetOf(event.error),
            },
            `❌ ${dataType}: failed after ${countOf(records, 'confirmed record')}`,
          );
        break;
      }
      case 'run-failed':
        logger.error({ code: errorCodeOf(event.error) }, `❌ ${describeError(event.error)}`);
        break;
      case 'extraction-complete': {
        const { version, withheldBecause } = event;
        if (withheldBecause.length === 0) logger.info({ version }, `🎉 Dump ${version}: extraction_complete sent`);
        else {
          logger.warn(
            { version, reasons: withheldBecause },
            `⚠️ Dump ${version}: extraction_complete is not sent, so that consumers keep what they have: ` +
              `${withheldBecause.join('; ')}. EXTRACTION_COMPLETE=always sends it all the same`,
          );
        }
        break;
      }
      case 'dump-finished': {
        const { version, undelivered, missing } = event;
        const facts = {
          version,
          seconds: Number(event.seconds.toFixed(3)),
          ...(undelivered > 0 && { undelivered }),
          ...(missing > 0 && { missing }),
        };
        const records = event.files.reduce((sum, file) => sum + file.records, 0);
        const skipped = event.files.reduce((sum, { quality }) => sum + (quality?.skipped ?? 0), 0);
        // What was left out is in the quarantine only if it was a record: content outside of records is only logged.
        const hasMalformed = event.files.some(({ malformed }) => malformed > 0);
        const leftOut = undelivered - missing;
        if (event.outcome === 'completed' && undelivered > 0) {
          const where = hasMalformed ? 'the quarantine and the log' : 'the log';
          const exceptions = [
            ...(leftOut > 0 ? [`${partsOf(leftOut)} not delivered: see ${where}`] : []),
            ...(missing > 0 ? [missingText(missing)] : []),
          ].join('; ');
          logger.warn(
            { ...facts, records },
            `⚠️ Dump ${version}: ${countOf(records, 'record')} confirmed; ${exceptions}`,
          );
        } else if (event.outcome === 'skipped' && undelivered > 0)
          logger.warn(
            facts,
            `⚠️ Dump ${version}: nothing to do; it was delivered, except for ${partsOf(undelivered)}: ` +
              'see the log of the run that read them',
          );
        else if (event.outcome === 'completed')
          logger.info({ ...facts, records }, `🎉 Dump ${version}: ${deliveredText(records, skipped)}`);
        else if (event.outcome === 'skipped') logger.info(facts, `✅ Dump ${version}: nothing to do`);
        else if (event.outcome === 'stopped') logger.info({ ...facts, records }, `🛑 Dump ${version}: stopped`);
        else logger.error({ ...facts, records }, `❌ Dump ${version}: not completely delivered`);
        break;
      }
    }
  };
};

const deliveredText = (records: number, skipped = 0): string =>
  records === 0 && skipped > 0
    ? `nothing to deliver, since the rules skip all ${countOf(skipped, 'record')}`
    : `all ${countOf(records, 'record')} delivered`;

/** Malformed records, content outside of records, and messages that are missing. */
const partsOf = (undelivered: number): string => countOf(undelivered, 'part');

const missingText = (missing: number): string =>
  `${countOf(missing, 'message')} ${missing === 1 ? 'is' : 'are'} not in the queues any more: dropped by a policy, ` +
  'expired, purged, or taken without a subscription';
