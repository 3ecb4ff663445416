import { readFileSync } from 'node:fs';

/** PEM files of a connection that is encrypted; what is absent is left to the system. */
export interface TlsFiles {
  readonly caPath?: string | undefined;
  readonly certPath?: string | undefined;
  readonly keyPath?: string | undefined;
}

/** What is in them, as Node's `tls` takes it. @throws Error of the file system for one that cannot be read. */
export function readTlsFiles({ caPath, certPath, keyPath }: TlsFiles): {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
} {
  const read = (path: string): string => readFileSync(path, 'utf8');
  return {
    ...(caPath === undefined ? {} : { ca: read(caPath) }),
    ...(certPath === undefined ? {} : { cert: read(certPath) }),
    ...(keyPath === undefined ? {} : { key: read(keyPath) }),
  };
}
