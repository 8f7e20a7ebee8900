export type { ConfigNotice } from './config/config-notice.js';
export type { Contract, ExtractionCompletePolicy } from './config/contract-settings.js';
export type { DataType } from './config/data-type.js';
export type { SinkName } from './config/delivery-settings.js';
export type { ConfigSources } from './config/load-config.js';
export { loadConfig } from './config/load-config.js';
export type { LogLevel } from './config/progress-settings.js';
export type { Config } from './config/settings.js';
export { ExtractorError, type ExtractorErrorCode } from './errors.js';
export type { FileProgress, FileSummary, RunEvent, RunListener } from './events/run-events.js';
export { type RunContext, type RunResult, runExtraction } from './pipeline/run-extraction.js';
export { type AmqpSinkOptions, createAmqpSink } from './sinks/amqp-sink.js';
export type {
  DeliveryCondition,
  DeliveryConnection,
  DeliveryStatus,
  DeliveryTotals,
} from './sinks/delivery-status.js';
export { createNdjsonSink } from './sinks/ndjson-sink.js';
export { createNullSink } from './sinks/null-sink.js';
export type { FileSink, OpenOptions, Sink } from './sinks/sink.js';
export type { SinkTarget } from './sinks/sink-target.js';
