import packageJson from '../../package.json' with { type: 'json' };

/** Identifies the project to servers, with an address to contact. */
export const USER_AGENT = `discogs-extractor/${packageJson.version} (+https://github.com/discogs-extractor/discogs-extractor)`;
