import { asBuffer, isSpace, LESS_THAN } from './bytes.js';

/** What an input is instead of a dump, as a sentence for people. */
export interface OtherFormat {
  readonly code: 'NOT_A_DUMP' | 'UNSUPPORTED_ENCODING';
  readonly message: string;
}

/** What is needed to recognise a tar archive, whose header is this long. */
const HEAD_BYTES = 512;

const compressed = (name: string, command: string): string =>
  `The input is compressed with ${name}, which is not supported: decompress it first, as with ${command}`;
const archive = (name: string): string =>
  `The input is a ${name} archive, not a Discogs dump: extract the .xml file from it`;

/** The first bytes of formats, in hexadecimal. */
const SIGNATURES: readonly (readonly [start: string, message: string])[] = [
  ['1f8b', 'The input was gzipped twice: run gunzip once, and pass the result'],
  ['1f9d', compressed('compress', 'gunzip')],
  ['425a68', compressed('bzip2', 'bunzip2')],
  ['fd377a585a00', compressed('xz', 'unxz')],
  ['5d00008000', compressed('lzma', 'unlzma')],
  ['28b52ffd', compressed('zstd', 'unzstd')],
  ['502a4d18', compressed('zstd', 'unzstd')],
  ['04224d18', compressed('lz4', 'unlz4')],
  ['504b0304', archive('zip')],
  ['504b0506', archive('zip')],
  ['377abcaf271c', archive('7z')],
  ['526172211a07', archive('rar')],
  ['25504446', 'The input is a PDF, not a Discogs dump'],
];

/**
 * Recognises what people pass by mistake, from the very first bytes: `undefined` if it can be a dump. It reads no more
 * than {@link HEAD_BYTES}, so the result does not depend on how the input is split.
 */
export const recognizeFormat = (
  bytes: Buffer,
  end: number,
  isFinal: boolean,
): OtherFormat | 'incomplete' | undefined => {
  // Almost every dump begins like this.
  if (end >= 2 && bytes[0] === LESS_THAN && bytes[1] !== 0) return undefined;
  if (end < HEAD_BYTES && !isFinal) return 'incomplete';
  const head = asBuffer(bytes.subarray(0, Math.min(end, HEAD_BYTES)));
  const hexadecimal = head.toString('hex', 0, 8);
  const known = SIGNATURES.find(([start]) => hexadecimal.startsWith(start));
  if (known !== undefined) return { code: 'NOT_A_DUMP', message: known[1] };
  if (isZlib(head)) {
    return {
      code: 'NOT_A_DUMP',
      message: 'The input is a zlib stream, not gzip: decompress it first, as with pigz -dz',
    };
  }
  if (isTar(head)) return { code: 'NOT_A_DUMP', message: archive('tar') };
  const encoding = encodingWithoutMark(head);
  if (encoding !== undefined) {
    return {
      code: 'UNSUPPORTED_ENCODING',
      message: `The input is ${encoding}: convert it to UTF-8, as with iconv -f ${encoding} -t UTF-8`,
    };
  }
  const text = head.toString('latin1');
  // A byte-order mark of UTF-16 is recognised by `checkEncoding`; and a dump may have zeros in front of it.
  if (head.includes(0) && !/^(?:\xff\xfe|\xfe\xff)/.test(text) && !DUMP_START.test(text))
    return { code: 'NOT_A_DUMP', message: 'The input is binary data, not a Discogs dump' };
  if (JSON_START.test(text)) {
    return { code: 'NOT_A_DUMP', message: 'The input is JSON, not a Discogs dump, which is XML' };
  }
  return undefined;
};

const DUMP_START = /<(?:\?xml|artists?|labels?|masters?|releases?)[\s>?]/;

const JSON_START = /^(?:\xef\xbb\xbf)?\s*(?:\{\s*(?:"|\}\s*$)|\[\s*(?:[[{"\d-]|\]\s*$))/;

/** RFC 1950: deflate with a window of 32 KiB, and a check of the two bytes. Text begins like this very rarely. */
const isZlib = (head: Buffer): boolean =>
  head.length > 2 && head[0] === 0x78 && [0x01, 0x5e, 0x9c, 0xda].includes(head[1]!) && !isSpace(head[2]);

/** The checksum of a tar header: the sum of its bytes, with spaces in the place of the checksum. */
const TAR_CHECKSUM = { start: 148, end: 156 };

const isTar = (head: Buffer): boolean => {
  if (head.length < HEAD_BYTES) return false;
  const { start, end } = TAR_CHECKSUM;
  const digits = /^[ 0]*([0-7]+)[\0 ]/.exec(head.toString('latin1', start, end));
  if (digits === null) return false;
  let sum = (end - start) * 0x20;
  for (const [index, byte] of head.entries()) if (index < start || index >= end) sum += byte;
  return sum === Number.parseInt(digits[1]!, 8);
};

/** UTF-16 and UTF-32 have zeros in the characters that XML begins with. */
const encodingWithoutMark = (head: Buffer): string | undefined => {
  const zeros = Array.from(head.subarray(0, 8), (byte) => (byte === 0 ? '0' : 'x')).join('');
  if (zeros.startsWith('x000x000')) return 'UTF-32LE';
  if (zeros.startsWith('000x000x')) return 'UTF-32BE';
  if (zeros.startsWith('x0x0')) return 'UTF-16LE';
  if (zeros.startsWith('0x0x')) return 'UTF-16BE';
  return undefined;
};

/** What a first element says about a document that is not a dump. */
export const describeFirstElement = (name: string): string => {
  if (/^(?:html|head|body|meta|script)$/i.test(name)) {
    return 'it is an HTML page, such as an error page of a web server: download the dump again';
  }
  if (/^error$/i.test(name)) return 'it is the error message of a server: download the dump again';
  if (PARTS_OF_RECORDS.has(name)) {
    return 'it seems to be a piece of a Discogs dump that begins in the middle of a record: join the pieces, or pass all of it';
  }
  return 'this is not a Discogs dump';
};

const PARTS_OF_RECORDS: ReadonlySet<string> = new Set(
  (
    'aliases anv catno companies company contact_info contactinfo country data_quality description ' +
    'descriptions duration entity_type entity_type_name extraartists format formats genre genres groups id identifier ' +
    'identifiers image images join main_release master_id members name namevariations notes parentLabel ' +
    'parentlabel position profile realname released role series style styles sub_tracks sublabels title track tracklist ' +
    'tracks url urls video videos year'
  ).split(' '),
);
