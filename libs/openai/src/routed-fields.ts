import type { RequestFields } from './request-fields.js';
import { typeName } from './request-fields.js';
import type { RequestLimits } from './request-limits.js';
import type { RoutingHints } from './requests.js';
import { readRoutingHints } from './routing-hints.js';

/** Longest salt that vLLM takes. */
const CACHE_SALT_LENGTH_MAX = 1024;

/** Fields that both kinds of request have. */
export interface CommonFields {
  readonly model: string;
  readonly isStream: boolean;
  readonly includesUsage: boolean;
  readonly outputTokensMax: number | null;
  readonly choiceCount: number;
  readonly cacheSalt: string | null;
  readonly hints: RoutingHints;
}

/** What differs between requests. */
export interface CommonRules {
  /** Smallest limit that may be asked for: a completion of 0 tokens is how prompts are scored, a chat of none is a mistake. */
  readonly outputTokensMin: 0 | 1;
  /** The model of a request that names none; null when there are several to choose from. */
  readonly onlyModel: string | null;
}

export function readCommonFields(
  fields: RequestFields,
  limits: RequestLimits,
  { outputTokensMin, onlyModel }: CommonRules,
): CommonFields {
  const model = onlyModel !== null && !fields.has('model') ? onlyModel : fields.requiredText('model');
  const isStream = fields.flag('stream', false);
  const includesUsage = readIncludesUsage(fields);
  const { outputTokensMax, choicesMax, logprobsMax } = limits;
  const completionTokensMax = fields.integer('max_completion_tokens', outputTokensMin, outputTokensMax);
  const tokensMax = fields.integer('max_tokens', outputTokensMin, outputTokensMax);
  const choices = fields.integer('n', 1, choicesMax) ?? 1;
  const bestOf = fields.integer('best_of', 1, choicesMax) ?? 1;
  for (const name of LOGPROB_COUNTS) fields.limit(name, logprobsMax);
  checkStops(fields, limits);
  const beams = fields.flag('use_beam_search', false) ? 2 : 1;
  return {
    model,
    isStream,
    includesUsage,
    outputTokensMax: completionTokensMax ?? tokensMax,
    choiceCount: Math.max(choices, bestOf, beams),
    cacheSalt: readCacheSalt(fields),
    hints: readRoutingHints(fields),
  };
}

/** How many log probabilities are wanted at each position; -1 (all of the vocabulary) is more than any limit. */
const LOGPROB_COUNTS = ['logprobs', 'top_logprobs', 'prompt_logprobs'];

function checkStops(fields: RequestFields, { stopStringsMax, stopStringLengthMax }: RequestLimits): void {
  const stop = fields.value('stop');
  const stops: readonly unknown[] = Array.isArray(stop) ? stop : [stop];
  if (stops.length > stopStringsMax) {
    const received = `received ${stops.length}`;
    fields.reject('invalid_value', `'stop' must have at most ${stopStringsMax} strings, ${received}`, 'stop');
  }
  const lengths = stops.map((text) => (typeof text === 'string' ? text.length : 0));
  const longest = Math.max(0, ...lengths);
  if (longest <= stopStringLengthMax) return;
  const received = `received one of ${longest}`;
  fields.reject(
    'invalid_value',
    `'stop' must have strings of at most ${stopStringLengthMax} characters, ${received}`,
    'stop',
  );
}

function readIncludesUsage(fields: RequestFields): boolean {
  const options = fields.record('stream_options');
  const wanted = options?.['include_usage'] ?? false;
  if (typeof wanted === 'boolean') return wanted;
  fields.reject(
    'invalid_type',
    `'stream_options.include_usage' must be a boolean, received ${typeName(wanted)}`,
    'stream_options.include_usage',
  );
  return false;
}

function readCacheSalt(fields: RequestFields): string | null {
  const salt = fields.text('cache_salt');
  if (salt !== null && (salt === '' || salt.length > CACHE_SALT_LENGTH_MAX)) {
    fields.reject(
      'invalid_value',
      `'cache_salt' must have 1 to ${CACHE_SALT_LENGTH_MAX} characters, received ${salt.length}`,
      'cache_salt',
    );
  }
  return salt;
}
