import type { DataType } from './names.js';
import type { DumpFile, DumpListing, DumpVersion } from './source.js';

/** Collects the files that a source finds into versions. The first file of a name wins. */
export class ListingBuilder {
  readonly #versions = new Map<string, { data: Partial<Record<DataType, DumpFile>>; checksum: DumpFile | null }>();
  readonly #ignored: string[] = [];

  /** Adds a file whose name was parsed. */
  add(file: DumpFile): void {
    let version = this.#versions.get(file.version);
    if (version === undefined) {
      version = { data: {}, checksum: null };
      this.#versions.set(file.version, version);
    }
    if (file.kind === 'checksum') version.checksum ??= file;
    else version.data[file.kind] ??= file;
  }

  /** Notes a name that is no dump file's. */
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
