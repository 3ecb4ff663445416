import type { RequestFields } from './request-fields.js';
import { typeName } from './request-fields.js';
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

/**
 * @param outputTokensMin smallest limit that may be asked for: a completion of 0 tokens is how prompts are scored, a chat of none is a mistake.
 * @param onlyModel the model of a request that names none; null when there are several to choose from.
 */
export function readCommonFields(
  fields: RequestFields,
  outputTokensMin: 0 | 1,
  onlyModel: string | null,
): CommonFields {
  const model = onlyModel !== null && !fields.has('model') ? onlyModel : fields.requiredText('model');
  const isStream = fields.flag('stream', false);
  const includesUsage = readIncludesUsage(fields);
  const completionTokensMax = fields.integer('max_completion_tokens', outputTokensMin);
  const tokensMax = fields.integer('max_tokens', outputTokensMin);
  const choices = fields.integer('n', 1) ?? 1;
  const bestOf = fields.integer('best_of', 1) ?? 1;
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
