// Writes the TypeScript types of proto/kvasir/v1/*.proto, as the objects that proto-loader makes of the messages.
// `node libs/contract/generate.mjs [folder]`; the folder is src/generated unless one is named.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const outDir = resolve(process.argv[2] ?? resolve(import.meta.dirname, 'src/generated'));
const generator = createRequire(import.meta.url).resolve(
  '@grpc/proto-loader/build/bin/proto-loader-gen-types.js',
);

// The same options as the loader has at run time (libs/rpc, router-definition.ts).
execFileSync(
  process.execPath,
  [
    generator,
    '--longs=String',
    '--enums=String',
    '--defaults',
    '--oneofs',
    '--includeComments',
    '--grpcLib=@grpc/grpc-js',
    '--importFileExtension=.js',
    `--outDir=${outDir}`,
    ...readdirSync(resolve(root, 'proto/kvasir/v1'))
      .sort()
      .map((name) => `proto/kvasir/v1/${name}`),
  ],
  { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
);
