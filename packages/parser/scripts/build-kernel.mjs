/**
 * Compiles the kernel (`assembly/`) and writes it, as base64, to `src/kernel/kernel-wasm.generated.ts`, so that it is part
 * of the package's one file and bundlers need nothing special.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const assembly = fileURLToPath(new URL('../assembly/', import.meta.url));
const target = fileURLToPath(new URL('../src/kernel/kernel-wasm.generated.ts', import.meta.url));

let wasm;
const { error, stderr } = await asc.main(
  [
    'index.ts',
    ...['--baseDir', assembly],
    ...['--outFile', 'kernel.wasm'],
    // No allocator, no garbage collection, no imports: the kernel owns its memory's layout.
    ...['--runtime', 'stub', '--use', 'abort=', '--noAssert'],
    ...['--enable', 'simd'],
    ...['-O3', '--converge'],
  ],
  {
    writeFile(name, contents) {
      if (name === 'kernel.wasm') wasm = contents;
    },
  },
);
if (error || !wasm) {
  process.stderr.write(stderr.toString());
  throw error ?? new Error('asc wrote no module');
}

const base64 = Buffer.from(wasm).toString('base64');
await mkdir(dirname(target), { recursive: true });
await writeFile(
  target,
  `// Written by scripts/build-kernel.mjs from assembly/. Not to be edited.\n\n/** The kernel's module, ${wasm.length} bytes, as base64. */\nexport const KERNEL_WASM =\n  '${base64}';\n`,
);
process.stdout.write(`kernel: ${wasm.length} bytes\n`);
