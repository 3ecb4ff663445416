/** How bad a finding is: an error keeps work from being done or done right, a warning costs speed or hides trouble. */
export type Severity = 'error' | 'warning';

export interface Check {
  readonly severity: Severity;
  /** What is wrong, as a heading. */
  readonly title: string;
  /** What it means and how it comes, for the documentation. */
  readonly meaning: string;
  /** What to do about it: the first thing to try first. */
  readonly remedy: string;
  /** How long it must be seen before it counts: what passes by itself is no finding. */
  readonly holdMs: number;
}

/** What may be in order for a moment while things start. */
const START_MS = 10_000;

/** Every check. Codes are stable API: they are labels of a metric and rows of docs/troubleshooting.md. */
export const checks = {
  CHECK_NO_KV_EVENTS: {
    severity: 'warning',
    title: 'no KV events configured',
    meaning:
      'What the cache of a worker holds is not known, so load alone decides. The engine publishes no events, or nobody has said where.',
    remedy:
      'start the engine with KV events (vLLM: --kv-events-config with "publisher": "zmq") and name its socket (--kv-events, or kvEvents in the engines file)',
    holdMs: 0,
  },
  CHECK_PREFIX_CACHING_OFF: {
    severity: 'warning',
    title: 'prefix caching is off',
    meaning: 'The engine computes every prompt anew: routing by its cache cannot help.',
    remedy: 'start the engine with --enable-prefix-caching, or without --no-enable-prefix-caching',
    holdMs: 0,
  },
  CHECK_NO_TOKENIZER: {
    severity: 'warning',
    title: 'no tokenizer',
    meaning:
      'Requests with text are routed by load alone: there is no tokenizer for the model, or it cannot be loaded. Requests of token ids are not touched.',
    remedy:
      'give the frontend --tokenizer-path, or the engine agent --tokenizer-path: a folder with tokenizer.json',
    holdMs: START_MS,
  },
} as const satisfies Readonly<Record<string, Check>>;

export type CheckCode = keyof typeof checks;
