import { ServiceError } from './errors.js';

/**
 * Turns what a server reported when it could not listen into one clear sentence.
 * @param error as Node's `net` gives it (`code` EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND); anything else becomes `SERVICE_LISTEN_FAILED`.
 */
export function listenError(error: unknown, host: string, port: number): ServiceError {
  const where = formatAddress(host, port);
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return new ServiceError(
        'SERVICE_PORT_TAKEN',
        `Cannot listen on ${where}: the port is taken by another process`,
        error,
      );
    case 'EACCES':
      return new ServiceError(
        'SERVICE_LISTEN_DENIED',
        `Cannot listen on ${where}: this user may not use the port`,
        error,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ServiceError(
        'SERVICE_ADDRESS_UNKNOWN',
        `Cannot listen on ${where}: the host is not an address of this machine`,
        error,
      );
    default:
      return new ServiceError(
        'SERVICE_LISTEN_FAILED',
        `Cannot listen on ${where}: ${error instanceof Error ? error.message : String(error)}`,
        error,
      );
  }
}

/** `host:port`, with brackets around an IPv6 host. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function systemCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}
