/**
 * Compiles the kernel (`assembly/kernel`) and the inflater (`assembly/inflater`), and writes each as base64 to a
 * generated source file. So both are part of the package's bundle, and users' bundlers need no configuration.
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
      // No allocator and no garbage collection: the modules lay out their memory themselves.
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
    throw error ?? new Error(`asc did not write a module for ${entry}`);
  }
  return wasm;
};

const write = async (what, entry, target, constant, options = []) => {
  const wasm = await compile(entry, options);
  await mkdir(dirname(path(target)), { recursive: true });
  await writeFile(
    path(target),
    `// Written by scripts/build-wasm.mjs from assembly/${entry}. Do not edit.\n\n/** The ${what}'s module, ${wasm.length} bytes, as base64. */\nexport const ${constant} =\n  '${Buffer.from(wasm).toString('base64')}';\n`,
  );
  process.stdout.write(`${what}: ${wasm.length} bytes\n`);
};

await write('kernel', 'kernel/index.ts', 'src/kernel/kernel-wasm.generated.ts', 'KERNEL_WASM');
// The inflater can share the kernel's memory.
await write('inflater', 'inflater/index.ts', 'src/gzip/inflater-wasm.generated.ts', 'INFLATER_WASM', [
  '--importMemory',
]);
await write('packer', 'packer/index.ts', 'src/pack/packer-wasm.generated.ts', 'PACKER_WASM');
