/**
 * Compiles kernel.ts and writes the bytes into src/generated/kernel-bytes.ts.
 * With --check it writes nothing and exits with 1 when that file is not what the kernel compiles to.
 */
import asc from 'assemblyscript/asc';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, '..', 'src', 'generated', 'kernel-bytes.ts');
const HEX_PER_LINE = 112;

async function compile() {
  let bytes = null;
  const { error, stderr } = await asc.main(
    ['kernel.ts', '--baseDir', here, '--config', join(here, 'asconfig.json'), '--outFile', 'kernel.wasm'],
    {
      writeFile(_name, contents) {
        bytes = contents;
      },
    },
  );
  if (error) throw new Error(`Cannot compile the kernel: ${error.message}\n${stderr.toString()}`);
  return bytes;
}

function source(bytes) {
  const lines = Buffer.from(bytes)
    .toString('hex')
    .match(new RegExp(`.{1,${HEX_PER_LINE}}`, 'g'));
  return [
    '// Made from assembly/kernel.ts by `node assembly/generate.mjs`; a unit test compares. Do not edit.',
    'export const KERNEL_BYTES_HEX =',
    `${lines.map((line) => `  '${line}'`).join(' +\n')};`,
    '',
  ].join('\n');
}

const wanted = source(await compile());
if (!process.argv.includes('--check')) {
  writeFileSync(target, wanted);
} else if (readFileSync(target, 'utf8') !== wanted) {
  process.stderr.write(
    'src/generated/kernel-bytes.ts is not what assembly/kernel.ts compiles to: run node assembly/generate.mjs.\n',
  );
  process.exit(1);
}
