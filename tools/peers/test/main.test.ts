import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../bench/main.mjs', import.meta.url));

const run = (args: readonly string[], path = ''): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', env: { PATH: path } });

test('without cargo it says what it needs, and changes nothing', () => {
  const { status, stdout, stderr } = run([]);
  expect(status).toBe(1);
  expect(stderr).toMatch(/needs cargo .* install Rust/);
  expect(stdout).toBe('');
});

test.each([
  { args: ['--types', 'releases,songs'], fault: 'songs' },
  { args: ['--only', 'sax,expat'], fault: 'expat' },
])('$args is a usage error', ({ args, fault }) => {
  const { status, stderr } = run(args);
  expect(status).toBe(2);
  expect(stderr).toContain(fault);
  expect(stderr).toContain('Usage: npm run bench:peers');
});
