import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mustRun } from '../src/run-process.js';
import { PACKAGES, ROOT } from '../src/workspace.js';

/** Returns the packages that the changesets name, parsed independently of the changesets library. */
const namedByChangesets = (): string[] => {
  const folder = join(ROOT, '.changeset');
  const files = readdirSync(folder).filter((file) => file.endsWith('.md') && file !== 'README.md');
  const names = files.flatMap((file) => [
    ...readFileSync(join(folder, file), 'utf8').matchAll(/^"([^"]+)": (?:patch|minor|major)$/gm),
  ]);
  return [...new Set(names.map(([, name]) => name!))];
};

test('the dry run lists every package that a changeset names, with versions, texts and files', async () => {
  const tsx = join(ROOT, 'node_modules/tsx/dist/cli.mjs');
  const { stdout } = await mustRun(process.execPath, [tsx, 'scripts/release-plan.ts'], {
    cwd: join(ROOT, 'tools/packaging'),
  });
  const named = namedByChangesets();
  if (named.length === 0) expect(stdout).toContain('There are no changesets');
  const { stdout: tags } = await mustRun('git', ['tag', '--list'], { cwd: ROOT });
  for (const { name, manifest } of PACKAGES) {
    const [from] = [manifest.version.replaceAll('.', '\\.')];
    const planned = new RegExp(
      `^${name} ${from} → (\\d+\\.\\d+\\.\\d+)\\n(?:  - .*\\n(?:    .*\\n|\\n)*)*  \\d+ kB: .*package\\.json`,
      'm',
    ).exec(stdout);
    if (named.includes(name)) expect(planned?.[1], `${name} is not planned`).not.toBe(manifest.version);
    if (named.includes(name)) expect(planned).not.toBeNull();
    // After `changeset version`: what is not tagged is released as it is.
    const isTagged = tags.split('\n').includes(`${name}@${manifest.version}`);
    if (named.length === 0 && !isTagged) expect(stdout).toContain(`\n${name} ${manifest.version}\n`);
  }
  expect(stdout).not.toMatch(/https?:\/\//);
});
