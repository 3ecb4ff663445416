import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files for a server on loopback, made anew each time. */
export interface Certificates {
  readonly caPath: string;
  readonly certPath: string;
  readonly keyPath: string;
  /** An authority that has signed nothing. */
  readonly otherCaPath: string;
}

const DAYS = '2';
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes an authority and a certificate for 127.0.0.1 with the openssl program. @throws Error when that is missing. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'kvasir-tls-'));
  const path = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { stdio: 'ignore' });
  };
  for (const name of ['ca', 'other'])
    openssl(
      ...['req', '-x509', ...NEW_KEY, '-days', DAYS, '-subj', `/CN=${name}`],
      ...['-keyout', path(`${name}.key`), '-out', path(`${name}.pem`)],
    );
  openssl('req', ...NEW_KEY, '-subj', '/CN=127.0.0.1', '-keyout', path('key.pem'), '-out', path('csr.pem'));
  writeFileSync(path('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  openssl(
    ...['x509', '-req', '-in', path('csr.pem'), '-CA', path('ca.pem'), '-CAkey', path('ca.key')],
    ...['-CAcreateserial', '-days', DAYS, '-extfile', path('names'), '-out', path('cert.pem')],
  );
  return {
    caPath: path('ca.pem'),
    certPath: path('cert.pem'),
    keyPath: path('key.pem'),
    otherCaPath: path('other.pem'),
  };
}
