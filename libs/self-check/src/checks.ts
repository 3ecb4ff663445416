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
  CHECK_ENGINE_OF_TWO_IDS: {
    severity: 'error',
    title: 'one engine under two ids',
    meaning: 'It gets the requests of two workers, and is taken for less loaded than it is.',
    remedy: 'look after it by one agent, under one --worker-id',
    holdMs: SETTLED_MS,
  },
  CHECK_ADDRESS_NOT_REACHABLE: {
    severity: 'error',
    title: 'an address that only its own machine can reach',
    meaning:
      'A worker or a router advertises a loopback address, or one that means "all addresses of this machine", to processes on other machines.',
    remedy:
      'give the address that others reach it at: --url of the engine agent (url in the engines file), --grpc-advertised-host of a router',
    holdMs: 0,
  },
  CHECK_NO_PREFILL_ROUTER: {
    severity: 'error',
    title: 'no prefill router although there are prefill workers',
    meaning:
      'Nobody chooses among the prefill workers, so they get nothing and prompts are computed by the decode workers.',
    remedy: 'start a prefill-router for the endpoint, on the same NATS and Redis',
    holdMs: SETTLED_MS,
  },
  CHECK_PREFILL_ROUTER_UNREACHABLE: {
    severity: 'error',
    title: 'no prefill router can be reached',
    meaning:
      'The registered routers do not answer, so prefill workers get nothing and prompts are computed by the decode workers.',
    remedy:
      'see that their port can be reached from here, and that they advertise an address that can (--grpc-advertised-host)',
    holdMs: 0,
  },
  CHECK_ROLE: {
    severity: 'error',
    title: 'a worker at an endpoint of another role',
    meaning:
      'Its role and the endpoint that it is registered at do not go together: prefill and decode are swapped, so each is asked for what it was not started for.',
    remedy: 'start its agent with the other --role, or without --endpoint, which then goes by the role',
    holdMs: 0,
  },
  CHECK_NOBODY_GENERATES: {
    severity: 'error',
    title: 'nobody generates here, but there are workers elsewhere',
    meaning:
      'A frontend finds no worker at the endpoints of its namespace that generate, while workers are registered at others: one of the two has a wrong --namespace or --endpoint.',
    remedy:
      'give the frontend the --namespace of the workers, or the agents the --endpoint NAMESPACE.decode.generate or NAMESPACE.aggregated.generate',
    holdMs: START_MS,
  },
  CHECK_PUBLISHER_NOT_HEARD: {
    severity: 'error',
    title: 'a worker whose KV events do not arrive',
    meaning:
      'It is registered and says that it publishes, but whoever tells of its cache does not answer here: agent and router use different NATS servers, or different secrets.',
    remedy: 'give agent and router the same --nats-url and the same --plane-secret-file',
    holdMs: SETTLED_MS,
  },
  CHECK_CLOCK_SKEW: {
    severity: 'error',
    title: 'clocks that differ too much',
    meaning: 'Lives of workers are ordered by the clock, and sealed messages are believed for a while only.',
    remedy: 'synchronise the clocks of both machines (NTP)',
    holdMs: 0,
  },
  CHECK_NO_PLANE_SECRET: {
    severity: 'warning',
    title: 'no plane secret',
    meaning: 'Whoever reaches NATS or Redis is believed, and keys of clients are not passed on to workers.',
    remedy: 'give all programs the same --plane-secret-file; docs/operating.md says how to introduce it',
    holdMs: 0,
  },
  CHECK_PLANE_LOST: {
    severity: 'error',
    title: 'NATS or Redis is away',
    meaning:
      'Serving goes on with what was known; workers that come or go, and what caches hold since, are not seen.',
    remedy: 'bring it back, or see that it can be reached from here',
    holdMs: 0,
  },
  CHECK_PLANE_MESSAGES_REFUSED: {
    severity: 'error',
    title: 'messages that are not believed',
    meaning:
      'Messages without a seal, or with a seal of another secret, are refused: somebody has another --plane-secret-file, or none.',
    remedy:
      'give all programs the same --plane-secret-file, or --plane-secret-mode prefer while it is being introduced',
    holdMs: 0,
  },
  CHECK_WORKER_URL_REFUSED: {
    severity: 'error',
    title: 'a worker whose URL is not allowed',
    meaning:
      'It is registered, but its URL is none of those that --worker-url-allow names, so it gets nothing.',
    remedy: 'add its network or name to --worker-url-allow, or find out who has registered it',
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
  CHECK_TOKENS_DIFFER: {
    severity: 'error',
    title: 'the engine counts other tokens',
    meaning:
      "Tokens are made here with another tokenizer or chat template than the engine's, so prompts are looked for under names that its cache does not have.",
    remedy:
      "give the frontend the folder that the engine serves from (--tokenizer-path), with the same chat template as the engine's --chat-template",
    holdMs: 0,
  },
  CHECK_CACHE_PREDICTION: {
    severity: 'warning',
    title: 'caches hold other than expected',
    meaning:
      'What engines find cached differs from what was expected over many prompts: tokens are made otherwise than by the engine, events are lost, or its cache is emptied faster than is told.',
    remedy:
      'look for the other findings of this worker first; then compare kvasir_frontend_predicted_overlap_tokens_total with kvasir_frontend_cached_tokens_total, and see docs/engines.md',
    holdMs: 0,
  },
  CHECK_NO_HANDOVER: {
    severity: 'error',
    title: 'a prefill worker hands nothing over',
    meaning:
      'Its answers name no place from which a decode worker could fetch what was computed: it has no KV connector, or one that does not match.',
    remedy:
      'start prefill and decode engines with the same connector (vLLM: --kv-transfer-config with "kv_connector": "NixlConnector", "kv_role": "kv_both")',
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
