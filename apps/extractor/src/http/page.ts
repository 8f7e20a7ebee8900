import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The status page with its script and style, and what a browser may do on it. */
export interface Page {
  readonly html: string;
  /** `Content-Security-Policy`: only the page's own script, style and server. */
  readonly policy: string;
}

/**
 * Reads the page's three files, which are published as they are, and inlines style and script: no build, and no further
 * request.
 */
export const loadPage = async (): Promise<Page> => {
  // The package's folder, regardless of where this module was bundled to.
  const folder = join(
    dirname(createRequire(import.meta.url).resolve('@discogs-extractor/extractor/package.json')),
    'page',
  );
  const [html, style, script] = await Promise.all(
    ['page.html', 'page.css', 'page.js'].map((name) => readFile(join(folder, name), 'utf8')),
  );
  return {
    // Functions, because `$&` in a replacement string is a pattern.
    html: html!
      .replace('<link rel="stylesheet" href="page.css">', () => `<style>${style}</style>`)
      .replace('<script type="module" src="page.js"></script>', () => `<script type="module">${script}</script>`),
    policy: [
      "default-src 'none'",
      `script-src ${hashOf(script!)}`,
      `style-src ${hashOf(style!)}`,
      "connect-src 'self'",
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  };
};

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
