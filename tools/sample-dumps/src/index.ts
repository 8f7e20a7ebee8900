export { DATA_TYPES, type DataType } from './data-type.js';
export { ERAS, type Era } from './era.js';
export { SampleDumpError, type SampleDumpErrorCode, type SampleDumpErrorFacts } from './errors.js';
export { EXCERPT_INVENTORY } from './excerpt-inventory.js';
export {
  type DumpFile,
  type DumpProgress,
  type GenerateDumpOptions,
  type GeneratedDump,
  generateDump,
} from './generate-dump.js';
export type { MonthOptions } from './months.js';
export { generateXml, type RecordOptions, recordXml, type XmlOptions } from './xml-stream.js';
