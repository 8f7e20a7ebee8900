// Mirrors the newest complete dump into a folder and verifies it, with the downloader. Files that exist are not
// downloaded again.
//
//   node mirror-newest.mjs ./mirror                 from Discogs (12 GB)
//   node mirror-newest.mjs ./mirror ./other-mirror  from another folder
import {
  createDownloader,
  createFallbackSource,
  createFolderSource,
  createS3Source,
  createWebSource,
} from '@discogs-extractor/downloader';

const [directory, from] = process.argv.slice(2);
if (directory === undefined) {
  console.error('Usage: node mirror-newest.mjs FOLDER [SOURCE FOLDER]');
  process.exit(2);
}

const stop = new AbortController();
process.once('SIGINT', () => stop.abort(new Error('stopped; the next run resumes the download')));

const source =
  from === undefined
    ? createFallbackSource({ sources: [createS3Source(), createWebSource()] })
    : createFolderSource({ directory: from });
const downloader = createDownloader({ source, directory, keepVersions: 1 });
try {
  const choice = await downloader.choose({ signal: stop.signal });
  console.log(`the newest version is ${choice.version}`);
  const files = await downloader.download({
    choice,
    signal: stop.signal,
    onEvent: (event) => {
      if (event.type === 'download-retry') console.error(`${event.file}: ${event.error.message}; trying again`);
    },
  });
  for (const { name, size, sha256, reused } of files) {
    console.log(`${name}: ${size} bytes, ${sha256}, ${reused ? 'already here' : 'downloaded'}`);
  }
} finally {
  await downloader.close();
  await source.close();
}
