import packageJson from '../package.json' with { type: 'json' };

/** Names the project to the servers that it asks, as they want it. */
export const USER_AGENT = `discogs-extractor/${packageJson.version} (+https://github.com/discogs-extractor/discogs-extractor)`;
