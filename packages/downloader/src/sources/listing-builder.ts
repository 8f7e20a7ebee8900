import type { DumpFile, DumpListing, DumpVersion } from '../dump-source.js';
import type { DataType } from '../names.js';

/** Groups the files that a source finds by version. If a name occurs twice, the first file wins. */
export class ListingBuilder {
  readonly #versions = new Map<
    string,
    { data: Partial<Record<DataType, DumpFile>>; checksum?: DumpFile | undefined }
  >();
  readonly #ignored: string[] = [];

  /** Adds a file whose name `parseFileName` accepted. */
  add(file: DumpFile): void {
    let version = this.#versions.get(file.version);
    if (version === undefined) {
      version = { data: {} };
      this.#versions.set(file.version, version);
    }
    if (file.kind === 'checksum') version.checksum ??= file;
    else version.data[file.kind] ??= file;
  }

  /** Records a name that is not the name of a dump file. */
  ignore(name: string): void {
    this.#ignored.push(name);
  }

  /** Everything added, newest version first. */
  build(): DumpListing {
    const versions: DumpVersion[] = [...this.#versions]
      .sort(([a], [b]) => (a < b ? 1 : -1))
      .map(([version, files]) => ({ version, ...files }));
    return { versions, ignored: this.#ignored };
  }
}
