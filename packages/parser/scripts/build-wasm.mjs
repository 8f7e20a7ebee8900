/**
 * Compiles the kernel (`assembly/`) and the inflater (`assembly/gunzip/`) and writes each, as base64, to a generated source, so that
 * they are part of the package's one file and bundlers need nothing special.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));

const compile = async (entry, options) => {
  let wasm;
  const { error, stderr } = await asc.main(
    [
      entry,
      ...['--baseDir', path('assembly/')],
      ...['--outFile', 'module.wasm'],
      // No allocator, no garbage collection, no imports: the modules own their memory's layout.
      ...['--runtime', 'stub', '--use', 'abort=', '--noAssert'],
      ...['--enable', 'simd'],
      ...['-O3', '--converge'],
      ...options,
    ],
    {
      writeFile(name, contents) {
        if (name === 'module.wasm') wasm = contents;
      },
    },
  );
  if (error || !wasm) {
    process.stderr.write(stderr.toString());
    throw error ?? new Error('asc wrote no module');
  }
  return wasm;
};

const write = async (what, entry, target, constant, options = []) => {
  const wasm = await compile(entry, options);
  await mkdir(dirname(path(target)), { recursive: true });
  await writeFile(
    path(target),
    `// Written by scripts/build-wasm.mjs from assembly/${entry}. Not to be edited.\n\n/** The ${what}'s module, ${wasm.length} bytes, as base64. */\nexport const ${constant} =\n  '${Buffer.from(wasm).toString('base64')}';\n`,
  );
  process.stdout.write(`${what}: ${wasm.length} bytes\n`);
};

await write('kernel', 'index.ts', 'src/kernel/kernel-wasm.generated.ts', 'KERNEL_WASM');
// Its memory may be the kernel's.
await write('inflater', 'gunzip/index.ts', 'src/gzip/inflater-wasm.generated.ts', 'INFLATER_WASM', ['--importMemory']);
