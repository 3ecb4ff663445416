import type { RenderRoute } from './render-call.js';

/** Ids of a request's prompts, as an engine has made them. */
export interface RenderedPrompts {
  readonly prompts: readonly Uint32Array[];
  /** Where in the (only) prompt the first part stands that is no text: from there on equal ids are not equal content. Null without one. */
  readonly firstMediaToken: number | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads what an engine answers a `renderCall`. @returns null for what is none: ids outside 32 bits, no prompt, other shapes. */
export function readRenderAnswer(route: RenderRoute, bytes: Buffer): RenderedPrompts | null {
  let answer: unknown;
  try {
    answer = JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
  if (route === 'tokenize') {
    const tokens = isFields(answer) ? idsOf(answer['tokens']) : null;
    return tokens === null ? null : { prompts: [tokens], firstMediaToken: null };
  }
  const items: readonly unknown[] = Array.isArray(answer) ? answer : [answer];
  return items.length === 0 ? null : readItems(items);
}

function readItems(items: readonly unknown[]): RenderedPrompts | null {
  const prompts: Uint32Array[] = [];
  let firstMediaToken: number | null = null;
  for (const item of items) {
    const tokens = isFields(item) ? idsOf(item['token_ids']) : null;
    if (tokens === null || !isFields(item)) return null;
    const media = firstMediaOf(item);
    // Of several prompts those before the one with an image are known as they are.
    if (media !== null) firstMediaToken ??= prompts.reduce((sum, { length }) => sum + length, 0) + media;
    prompts.push(tokens);
  }
  return { prompts, firstMediaToken };
}

/** Of vLLM's `features.mm_placeholders`: places by modality. What cannot be read there counts as if the prompt began with it. */
function firstMediaOf({ features, content_parts: parts }: Fields): number | null {
  if (isFields(parts)) return 0;
  if (!isFields(features)) return null;
  const places = isFields(features['mm_placeholders'])
    ? Object.values(features['mm_placeholders']).flat()
    : [null];
  const offsets = places.map((place) => (isFields(place) && isId(place['offset']) ? place['offset'] : 0));
  return offsets.length === 0 ? 0 : Math.min(...offsets);
}

function idsOf(value: unknown): Uint32Array | null {
  return Array.isArray(value) && value.length > 0 && value.every(isId) ? Uint32Array.from(value) : null;
}

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
