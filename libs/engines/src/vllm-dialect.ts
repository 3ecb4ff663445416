import { scanMembers, readUsage } from '@kvasir/openai';
import type { ApiRequest, JsonChanges, JsonMember, TokenUsage } from '@kvasir/openai';
import type { EngineRequest } from './engine-client.js';
import type { EngineDialect, LegPlan, PrefillAnswer, ServingRequest } from './engine-dialect.js';
import { completionProbe, legRequest, rankHeader, usageWish } from './leg-request.js';

/** Asks the prefill worker to keep the computed blocks for a peer to fetch. */
const KEEP_FOR_DECODE =
  '{"do_remote_decode":true,"do_remote_prefill":false,"remote_engine_id":null,"remote_block_ids":null,"remote_host":null,"remote_port":null}';

const TRANSFER_PARAMS = 'kv_transfer_params';

/** Fields that say something of the output alone, which make no sense for the one token of a prefill or release leg and can fail there. */
const OUTPUT_FIELDS = [
  'min_tokens',
  'min_completion_tokens',
  'stream_options',
  'stop',
  'stop_token_ids',
  'include_stop_str_in_output',
  'logprobs',
  'top_logprobs',
  'best_of',
  'response_format',
  'structured_outputs',
  'guided_json',
  'guided_regex',
  'guided_choice',
  'guided_grammar',
  'guided_decoding_backend',
  'guided_whitespace_pattern',
];

/**
 * vLLM with NixlConnector in pull mode: prefill leg first, its `kv_transfer_params` passed on unread to the decode leg, which fetches the blocks.
 *
 * A hand-over names one prompt computed once and can be fetched once, so requests with several prompts or choices run in one leg, and so does what needs
 * logits of the prompt. A client that leaves between the legs: the decode leg is still sent, for one token, because that releases the blocks at
 * once; an abort after the prefill leg does not.
 */
export const vllmDialect = {
  name: 'vllm',
  handover: {
    plan: planVllm,
    prefillLeg: (serving, rank) => vllmLeg(serving, rank, oneToken(serving.request, KEEP_FOR_DECODE)),
    readPrefillAnswer,
    decodeLeg: (serving, handover, rank) =>
      vllmLeg(serving, rank, { set: { [TRANSFER_PARAMS]: handover.json, ...usageWish(serving) } }),
    releaseLeg: (serving, handover, rank) => vllmLeg(serving, rank, oneToken(serving.request, handover.json)),
  },
  // A client's own transfer parameters would make the engine fetch from, or keep blocks for, whoever the client names.
  aggregatedLeg: (serving, rank) =>
    vllmLeg(serving, rank, { set: usageWish(serving), remove: [TRANSFER_PARAMS] }),
  probe: completionProbe,
} as const satisfies EngineDialect;

function planVllm(request: ApiRequest): LegPlan {
  if (request.kind === 'relayed') return { kind: 'aggregated', reason: 'relayed' };
  if (request.choiceCount > 1) return { kind: 'aggregated', reason: 'severalChoices' };
  if (request.kind === 'chat') {
    const wantsPrompt = request.body.raw('prompt_logprobs');
    return wantsPrompt === null || wantsPrompt.equals(NULL)
      ? { kind: 'serial' }
      : { kind: 'aggregated', reason: 'promptLogprobs' };
  }
  if (request.prompts.length > 1) return { kind: 'aggregated', reason: 'severalPrompts' };
  if (request.wantsPromptLogprobs) return { kind: 'aggregated', reason: 'promptLogprobs' };
  return { kind: 'serial' };
}

function oneToken(request: ApiRequest, transferParams: string | Buffer): JsonChanges {
  const hasCompletionLimit = request.body.has('max_completion_tokens');
  return {
    set: {
      stream: 'false',
      max_tokens: '1',
      ...(hasCompletionLimit ? { max_completion_tokens: '1' } : {}),
      ...(forcesToolCall(request) ? { tool_choice: '"none"' } : {}),
      [TRANSFER_PARAMS]: transferParams,
    },
    remove: OUTPUT_FIELDS,
  };
}

/** A call that must be parsed from the output, of which there is one token; the prompt is the same without. */
function forcesToolCall({ body }: ApiRequest): boolean {
  const choice = body.raw('tool_choice')?.toString('latin1').trim() ?? 'null';
  return !['null', '"auto"', '"none"'].includes(choice);
}

function vllmLeg(serving: ServingRequest, rank: number | null, changes: JsonChanges): EngineRequest {
  return legRequest(serving, { changes, headers: rankHeader(rank) });
}

function readPrefillAnswer(json: Buffer): PrefillAnswer {
  const members = scanMembers(json);
  if (members === null) return { kind: 'unreadable', reason: 'The prefill answer is no JSON object' };
  const usage = usageOf(json, members);
  const params = members.findLast(({ key }) => key === TRANSFER_PARAMS);
  if (params === undefined) return { kind: 'nothingToFetch', usage };
  // A copy: the answer it is part of need not be kept.
  const value = Buffer.from(json.subarray(params.valueStart, params.valueEnd));
  if (value.equals(NULL)) return { kind: 'nothingToFetch', usage };
  if (!isJsonObject(value)) {
    return { kind: 'unreadable', reason: `${TRANSFER_PARAMS} of the prefill answer is no JSON object` };
  }
  return { kind: 'handover', handover: { dialect: 'vllm', json: value }, usage };
}

const NULL = Buffer.from('null');

function usageOf(json: Buffer, members: readonly JsonMember[]): TokenUsage | null {
  const member = members.findLast(({ key }) => key === 'usage');
  if (member === undefined) return null;
  try {
    return readUsage(JSON.parse(json.toString('utf8', member.valueStart, member.valueEnd)));
  } catch {
    return null;
  }
}

/** Checked before it becomes part of another engine's request; its digits are not touched. */
function isJsonObject(bytes: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
