import { REQUEST_LIMITS } from '@kvasir/openai';
import type { RequestLimits } from '@kvasir/openai';
import type { OptionSpecs, OptionValues } from '@kvasir/service';
import type { BodyLimits } from './body-intake.js';
import type { ByteLedgerLimits } from './byte-ledger.js';
import type { ClientNameOptions } from './client-name.js';
import { proxyBlockProblem } from './client-name.js';

const GROUP = { group: 'What clients may send' } as const;
const MIB = 1024 * 1024;

/** What clients may send, and how. */
export const intakeOptions = {
  bodyBytesMax: {
    ...GROUP,
    kind: 'integer',
    default: 16 * MIB,
    min: 1,
    unit: 'bytes',
    doc: 'Longest body; longer ones are answered 413.',
  },
  bodyBytesInFlightMax: {
    ...GROUP,
    kind: 'integer',
    default: 512 * MIB,
    min: 1,
    unit: 'bytes',
    doc: 'Bytes of the bodies of all requests that arrive or run; more are answered 503 with Retry-After.',
  },
  clientBytesInFlightMax: {
    ...GROUP,
    kind: 'integer',
    default: 256 * MIB,
    min: 1,
    unit: 'bytes',
    doc: 'The same for one client; more are answered 429 with Retry-After.',
  },
  clientKeyHeader: {
    ...GROUP,
    kind: 'string',
    default: null,
    doc: 'Header that tells clients apart, such as authorization; their addresses when not given. Only for keys that are checked before.',
  },
  trustedProxies: {
    ...GROUP,
    kind: 'strings',
    default: [],
    doc: 'Addresses or CIDR blocks of proxies whose X-Forwarded-For is believed.',
  },
  bodyRateFloorBytesPerS: {
    ...GROUP,
    kind: 'integer',
    default: 8_192,
    min: 0,
    unit: 'bytes/s',
    doc: 'Slowest that a body may come, on average after the grace; slower ones are answered 408. 0 waits for the request timeout.',
  },
  bodyGraceMs: {
    ...GROUP,
    kind: 'integer',
    default: 10_000,
    min: 0,
    unit: 'ms',
    doc: 'How long a body may take before its rate counts.',
  },
  headersTimeoutMs: {
    ...GROUP,
    kind: 'integer',
    default: 10_000,
    min: 1,
    unit: 'ms',
    doc: 'How long the head of a request may take; longer ones are answered 408.',
  },
  headerBytesMax: {
    ...GROUP,
    kind: 'integer',
    default: 16_384,
    min: 1_024,
    max: 1_048_576,
    unit: 'bytes',
    doc: 'Longest head of a request; longer ones are answered 431.',
  },
  connectionsMax: {
    ...GROUP,
    kind: 'integer',
    default: 16_384,
    min: 1,
    doc: 'Connections of clients at a time; more are closed at once.',
  },
  choicesMax: {
    ...GROUP,
    kind: 'integer',
    default: REQUEST_LIMITS.choicesMax,
    min: 1,
    doc: 'Largest n and best_of of a request.',
  },
  logprobsMax: {
    ...GROUP,
    kind: 'integer',
    default: REQUEST_LIMITS.logprobsMax,
    min: 0,
    doc: 'Largest logprobs, top_logprobs and prompt_logprobs of a request.',
  },
  stopStringsMax: {
    ...GROUP,
    kind: 'integer',
    default: REQUEST_LIMITS.stopStringsMax,
    min: 1,
    doc: 'Stop strings of a request.',
  },
  stopStringLengthMax: {
    ...GROUP,
    kind: 'integer',
    default: REQUEST_LIMITS.stopStringLengthMax,
    min: 1,
    unit: 'characters',
    doc: 'Longest stop string of a request.',
  },
  promptsMax: {
    ...GROUP,
    kind: 'integer',
    default: REQUEST_LIMITS.promptsMax,
    min: 1,
    doc: 'Prompts of one completion request.',
  },
  outputTokensMax: {
    ...GROUP,
    kind: 'integer',
    default: REQUEST_LIMITS.outputTokensMax,
    min: 1,
    unit: 'tokens',
    doc: 'Largest max_tokens and max_completion_tokens of a request.',
  },
  jsonDepthMax: {
    ...GROUP,
    kind: 'integer',
    default: REQUEST_LIMITS.depthMax,
    min: 8,
    max: 10_000,
    doc: 'Objects and arrays within each other in a body.',
  },
  jsonValuesMax: {
    ...GROUP,
    kind: 'integer',
    default: REQUEST_LIMITS.valuesMax,
    min: 64,
    doc: 'Values of all kinds in a body; a prompt of token ids counts as one.',
  },
} as const satisfies OptionSpecs;

type Values = OptionValues<typeof intakeOptions>;

/** How connections and requests come in. */
export interface IntakeConfig {
  readonly bodies: BodyLimits & ByteLedgerLimits;
  readonly clients: ClientNameOptions;
  readonly requests: RequestLimits;
  readonly connections: ConnectionLimits;
}

/** What the HTTP server itself keeps to. */
export interface ConnectionLimits {
  readonly headersTimeoutMs: number;
  readonly headerBytesMax: number;
  readonly connectionsMax: number;
}

/** Rules over several options; one sentence per problem. */
export function checkIntake(
  values: Pick<Values, 'bodyBytesMax' | 'bodyBytesInFlightMax' | 'clientBytesInFlightMax' | 'trustedProxies'>,
): readonly string[] {
  const smallest = Math.min(values.bodyBytesInFlightMax, values.clientBytesInFlightMax);
  const proxies = proxyBlockProblem(values.trustedProxies);
  return [
    ...(values.bodyBytesMax > smallest
      ? [
          `--body-bytes-max must not be beyond what may be in flight (${smallest}), received ${values.bodyBytesMax}`,
        ]
      : []),
    ...(proxies === null ? [] : [proxies]),
  ];
}

/** Turns checked option values into groups. */
export function intakeConfig(values: Values): IntakeConfig {
  return {
    bodies: {
      bodyBytesMax: values.bodyBytesMax,
      bytesMax: values.bodyBytesInFlightMax,
      clientBytesMax: values.clientBytesInFlightMax,
      rateFloorBytesPerS: values.bodyRateFloorBytesPerS,
      graceMs: values.bodyGraceMs,
    },
    clients: {
      trustedProxies: values.trustedProxies,
      keyHeader: values.clientKeyHeader?.toLowerCase() ?? null,
    },
    requests: {
      depthMax: values.jsonDepthMax,
      valuesMax: values.jsonValuesMax,
      membersMax: REQUEST_LIMITS.membersMax,
      promptsMax: values.promptsMax,
      choicesMax: values.choicesMax,
      logprobsMax: values.logprobsMax,
      stopStringsMax: values.stopStringsMax,
      stopStringLengthMax: values.stopStringLengthMax,
      outputTokensMax: values.outputTokensMax,
    },
    connections: {
      headersTimeoutMs: values.headersTimeoutMs,
      headerBytesMax: values.headerBytesMax,
      connectionsMax: values.connectionsMax,
    },
  };
}
