import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The status page, whole, and what a browser may do on it. */
export interface Page {
  readonly html: string;
  /** `Content-Security-Policy`: its own script and style, its own server, and nothing else. */
  readonly policy: string;
}

/**
 * Reads the page's three files, which the package carries as they are written, and puts them into one: no build, no further request,
 * nothing from elsewhere.
 */
export const loadPage = async (): Promise<Page> => {
  // The package's own folder, wherever this module was bundled to.
  const folder = join(
    dirname(createRequire(import.meta.url).resolve('@discogs-extractor/extractor/package.json')),
    'page',
  );
  const [html, style, script] = await Promise.all(
    ['page.html', 'page.css', 'page.js'].map((name) => readFile(join(folder, name), 'utf8')),
  );
  return {
    // Functions, since `$&` in a replacement text would be taken for a pattern.
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
