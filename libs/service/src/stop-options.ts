import { LAME_DUCK_MS_DEFAULT } from './run-main.js';

/** Flags of how a program that others choose among stops. */
export const lameDuckOptions = {
  lameDuckMs: {
    kind: 'integer',
    default: LAME_DUCK_MS_DEFAULT,
    min: 0,
    unit: 'ms',
    doc: 'How long after SIGTERM everything is served as before while /ready says 503, before the drain begins: longer than a balancer needs to see it. Ctrl-C does not wait for it, and nobody does when nobody has asked for /ready or /health for a minute.',
    group: 'Limits',
  },
} as const;
