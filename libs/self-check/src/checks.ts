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
/** Long enough for a hand-over, a restart or a new connection. */
const SETTLED_MS = 30_000;

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
  CHECK_API_KEY: {
    severity: 'error',
    title: 'the engine does not take the API key',
    meaning: 'The list of models answers 401 or 403: requests to this engine would too.',
    remedy:
      'give its key with --engine-api-key-file or --engine-api-key-env (apiKeyFile or apiKeyEnv in the engines file), the same as its own --api-key',
    holdMs: 0,
  },
  CHECK_NOT_REGISTERED: {
    severity: 'error',
    title: 'an engine cannot be registered',
    meaning:
      'It answers, but no router knows it: it does not say what is needed of it, or its pool does not take it.',
    remedy: 'do what the reason says; the settings are those of --help of the engine agent',
    holdMs: START_MS,
  },
  CHECK_ID_OF_TWO_ENGINES: {
    severity: 'error',
    title: 'two engines under one id',
    meaning:
      'Two agents, or two pools, call different engines by the same name; only one of them gets requests. By default the name is host and port of the URL, which is the same on two machines when the URL is a loopback address.',
    remedy: 'give one of them another --worker-id (workerId in the engines file)',
    holdMs: 0,
  },
  CHECK_ENGINE_OF_TWO_AGENTS: {
    severity: 'warning',
    title: 'two agents look after one engine',
    meaning:
      'The second one stands back until the first has gone. As a spare it is in order; by mistake it is one agent too many.',
    remedy: 'stop one of the two, or take the engine out of its engines file',
    holdMs: SETTLED_MS,
  },
  CHECK_KV_EVENTS_NOT_CONNECTED: {
    severity: 'error',
    title: 'the socket of KV events was never connected',
    meaning:
      'Nobody publishes at the address that was given, so what the cache holds is not known and load alone decides.',
    remedy:
      'compare it with "endpoint" in the engine\'s --kv-events-config (it must bind, e.g. tcp://*:5557) and see that the port can be reached from here',
    holdMs: START_MS,
  },
  CHECK_KV_EVENTS_SILENT: {
    severity: 'error',
    title: 'no KV events although the engine computes',
    meaning:
      'The engine has filled blocks of its cache and told of none: events are off in it, or go to another address or under another topic.',
    remedy:
      'start the engine with "enable_kv_cache_events": true in --kv-events-config, and compare its "endpoint" and "topic" with --kv-events and --kv-topic',
    holdMs: 0,
  },
  CHECK_KV_EVENTS_FOREIGN: {
    severity: 'error',
    title: 'KV events of another engine',
    meaning:
      "Blocks are told of while this engine does nothing: the address of its events is another engine's, so prompts are sent to where they are not cached.",
    remedy:
      'give each engine the event socket that it binds itself (--kv-events; ranks follow on the next ports)',
    holdMs: 0,
  },
  CHECK_KV_EVENTS_SHARED: {
    severity: 'error',
    title: 'one event socket for two',
    meaning:
      'Two engines, or two ranks of engines, are to be read at one address. Rank r of an engine publishes at its port + r: ports of engines with data parallelism must lie as far apart as they have ranks.',
    remedy:
      'give each engine a range of its own: as many ports as it has ranks, and as many for its replay socket',
    holdMs: 0,
  },
  CHECK_KV_EVENTS_OTHER_RANK: {
    severity: 'error',
    title: 'KV events of another rank',
    meaning: "A rank's port brings events of another rank, which are left out: ports are shared, or shifted.",
    remedy:
      'see that --kv-events names the port of rank 0, and that --data-parallel-ranks is what the engine has',
    holdMs: 0,
  },
  CHECK_KV_EVENTS_NOT_UNDERSTOOD: {
    severity: 'warning',
    title: 'KV events that are not understood',
    meaning:
      'Events of a shape, hash or layer group that this version cannot read were left out: what the cache holds is known in part, or not at all.',
    remedy:
      'compare the version of the engine with docs/engines.md, and see kvasir_agent_dropped_events_total and kvasir_agent_left_out_events for how many there are',
    holdMs: 0,
  },
  CHECK_BLOCK_SIZE: {
    severity: 'error',
    title: 'block sizes do not go into one another',
    meaning:
      "The engine's blocks and the pool's are neither multiples nor parts of one another, so what the cache holds cannot be told by the pool's blocks.",
    remedy:
      "start the engine with the block size of the pool (vLLM: --block-size), or leave --block-size out so that the engine's own is used",
    holdMs: 0,
  },
  CHECK_CACHED_NOT_REPORTED: {
    severity: 'warning',
    title: 'cached tokens are not reported',
    meaning:
      'Answers do not say how many tokens of their prompt came from the cache, so nobody can see whether routing works, and clients are not told.',
    remedy: 'start the engine with --enable-prompt-tokens-details (SGLang: --enable-cache-report)',
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
