import { isRecord } from './request-fields.js';

/** What the JSON of an event generates. `none`: no choice at all, as in the chunk that carries usage; `empty`: e.g. the chunk that only names the role. */
export function contentOf(payload: Buffer): 'tokens' | 'empty' | 'none' {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch {
    return 'none';
  }
  const choices = isRecord(value) ? value['choices'] : null;
  if (!Array.isArray(choices) || choices.length === 0) return 'none';
  return choices.some(carriesTokens) ? 'tokens' : 'empty';
}

/** Members of a choice or its delta that say something was generated. */
const CONTENT_KEYS = [
  'text',
  'content',
  'reasoning_content',
  'reasoning',
  'refusal',
  'tool_calls',
  'token_ids',
];

function carriesTokens(choice: unknown): boolean {
  if (!isRecord(choice)) return false;
  if (typeof choice['finish_reason'] === 'string') return true;
  const { delta } = choice;
  return CONTENT_KEYS.some((key) => isFilled(choice[key]) || (isRecord(delta) && isFilled(delta[key])));
}

function isFilled(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || (Array.isArray(value) && value.length > 0);
}
