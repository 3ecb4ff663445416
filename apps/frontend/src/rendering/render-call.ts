import { requestPaths, spliceJson } from '@kvasir/openai';
import type { PromptRequest } from '@kvasir/openai';
import type { EngineRequest } from '@kvasir/engines';

/** How an engine is asked for the ids of a prompt: with a route for whole requests, or with the one of its tokenizer, which takes fewer members. */
export type RenderRoute = 'render' | 'tokenize';

/** Members that never reach a prompt. All others go along, unknown ones too: what an engine makes of them is its own. */
const NOT_OF_THE_PROMPT: ReadonlySet<string> = new Set([
  ...[
    'stream',
    'stream_options',
    'n',
    'best_of',
    'use_beam_search',
    'temperature',
    'top_p',
    'top_k',
    'min_p',
    'seed',
    'stop',
  ],
  ...[
    'stop_token_ids',
    'presence_penalty',
    'frequency_penalty',
    'repetition_penalty',
    'length_penalty',
    'logit_bias',
  ],
  ...[
    'logprobs',
    'top_logprobs',
    'prompt_logprobs',
    'min_tokens',
    'ignore_eos',
    'skip_special_tokens',
    'echo',
    'suffix',
  ],
  ...[
    'user',
    'metadata',
    'store',
    'service_tier',
    'priority',
    'request_id',
    'cache_salt',
    'kv_transfer_params',
    'nvext',
  ],
  ...['return_token_ids', 'max_tokens', 'max_completion_tokens', 'mm_payload', 'return_mm_kwargs'],
]);

/** The limits of the output decide how much of a prompt is kept, once an engine shortens it. */
const OUTPUT_LIMITS: readonly string[] = ['max_tokens', 'max_completion_tokens'];

/** What the tokenizer's route makes the same of as the route that generates. */
const TOKENIZED: ReadonlySet<string> = new Set([
  ...[
    'model',
    'messages',
    'tools',
    'tool_choice',
    'parallel_tool_calls',
    'add_generation_prompt',
    'continue_final_message',
  ],
  ...['add_special_tokens', 'chat_template', 'chat_template_kwargs', 'prompt'],
]);

/** What parts that are no text are called; as a text it costs nothing but this route. */
const MEDIA = ['_url"', '"image', '"video', '"audio', '"input_audio"'];

/**
 * What to ask an engine for a request's prompt. Equal prompts have equal calls, whatever else differs in their requests.
 * @param model as the engine calls it. @returns null when this route cannot be asked for it.
 */
export function renderCall(request: PromptRequest, model: string, route: RenderRoute): EngineRequest | null {
  const { body } = request;
  const isShortened = body.has('truncate_prompt_tokens');
  const names = body.members().map(({ key }) => key);
  const remove = names.filter(
    (name) => NOT_OF_THE_PROMPT.has(name) && !(isShortened && OUTPUT_LIMITS.includes(name)),
  );
  if (
    route === 'tokenize' &&
    !fitsTokenizer(
      request,
      names.filter((name) => !remove.includes(name)),
    )
  )
    return null;
  const set = { model: JSON.stringify(model), ...(route === 'render' ? ONLY_IDS : {}) };
  const path = route === 'render' ? `${requestPaths[request.kind]}/render` : '/tokenize';
  return { path, headers: HEADERS, body: spliceJson(body.bytes, body.members(), { set, remove }) };
}

const HEADERS = ['content-type', 'application/json'];
/** Of images their places and hashes, not what the model computes with. */
const ONLY_IDS = { mm_payload: '"none"' };

function fitsTokenizer(request: PromptRequest, names: readonly string[]): boolean {
  if (!names.every((name) => TOKENIZED.has(name))) return false;
  if (request.kind === 'chat') return !MEDIA.some((mark) => request.messages.includes(mark));
  const [only] = request.prompts;
  // A list has one list of ids for each of its texts there, and no route for it here.
  return request.prompts.length === 1 && only?.kind === 'text' && request.body.raw('prompt')?.[0] === QUOTE;
}

const QUOTE = 0x22;
