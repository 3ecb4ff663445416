import { KvasirError } from '@kvasir/service';

/** Every code that leaves this package. */
export const routerErrors = {
  ROUTER_BLOCK_SIZE_MISMATCH: {
    meaning: "The configured block size differs from that of the pool's workers.",
    retryable: false,
  },
} as const;

export type RouterErrorCode = keyof typeof routerErrors;

/** Thrown when a router cannot start. */
export class RouterError extends KvasirError {
  declare readonly code: RouterErrorCode;

  constructor(code: RouterErrorCode, message: string) {
    super(message, { code, retryable: routerErrors[code].retryable });
  }
}
