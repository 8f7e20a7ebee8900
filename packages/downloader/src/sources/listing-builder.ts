import type { DumpFile, DumpListing, DumpVersion } from '../dump-source.js';
import type { DataType } from '../names.js';

/** Groups the files that a source finds by version. If a name occurs twice, the first file wins. */
export class ListingBuilder {
  readonly #versions = new Map<
    string,
    { data: Partial<Record<DataType, DumpFile>>; checksum?: DumpFile | undefined }
  >();
  readonly #ignored = new Set<string>();

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

  /** Whether any file of a version was added. */
  has(version: string): boolean {
    return this.#versions.has(version);
  }

  get isEmpty(): boolean {
    return this.#versions.size === 0;
  }

  /** Records a name that is not the name of a dump file. */
  ignore(name: string): void {
    this.#ignored.add(name);
  }

  /** Everything added, newest version first. */
  build(): DumpListing {
    const versions: DumpVersion[] = [...this.#versions]
      .sort(([a], [b]) => (a < b ? 1 : -1))
      .map(([version, files]) => ({ version, ...files }));
    return { versions, ignored: [...this.#ignored] };
  }
}
