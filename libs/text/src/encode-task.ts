import type { ConversationEncoder } from './conversation-encoder.js';
import type { LoadedTokenizer } from './load-tokenizer.js';
import type { ChatTemplate, RenderedPrompt } from './rendering/chat-template.js';
import { shortfall } from './rendering/shortfall.js';
import type { Shortfall, ShortfallReason } from './rendering/shortfall.js';
import { encodeSlices, SLICE_UNITS } from './slicing/encode-slices.js';
import type { EncodingEnd, SliceOptions, Steps } from './slicing/encode-slices.js';
import { IdCollector } from './slicing/id-collector.js';
import { readJsonText } from './slicing/json-text.js';
import type { EncodeTask } from './worker-messages.js';

/** What encoding stands on; one for the life of a worker. */
export interface EncodingParts {
  readonly loaded: LoadedTokenizer;
  readonly template: ChatTemplate;
  readonly encoder: ConversationEncoder;
  /** Longest stretch without a border that is encoded in one go. */
  readonly stretchUnitsMax: number;
}

export type Encoded =
  | { readonly kind: 'encoded'; readonly tokens: Uint32Array<ArrayBuffer> }
  /** It has more ids than were asked for at most. */
  | { readonly kind: 'over' }
  /** It is right here up to a word too long for one step: another place may take it. */
  | { readonly kind: 'unsliceable'; readonly text: string; readonly addSpecialTokens: boolean }
  | {
      readonly kind: 'refused';
      readonly why: ShortfallReason;
      readonly reason: string;
      /** Ids that the prompt begins with, as far as they are known. */
      readonly beginning: Uint32Array<ArrayBuffer>;
    };

/** The units of all the work of a task, as far as they can be told before it. */
export function taskUnits(task: EncodeTask): number {
  return task.kind === 'text' ? task.text.length : task.body.byteLength;
}

/** @param tokensMax more ids than this are not wanted: encoding ends when there are more, or before when there must be. */
export function* encodeTask(task: EncodeTask, tokensMax: number, parts: EncodingParts): Steps<Encoded> {
  if (task.kind === 'text') return yield* encodeText(task.text, task.addSpecialTokens, tokensMax, parts);
  if (task.kind === 'json') return yield* encodeJson(task, tokensMax, parts);
  const rendering = parts.template.render(task.body);
  yield task.body.byteLength;
  if (rendering.kind === 'refused') return yield* refused(rendering, parts);
  const { truncation } = rendering;
  if (truncation === null) return yield* encodePrompt(rendering, tokensMax, parts);
  // All of it is encoded: what is left may come from its end.
  const whole = yield* encodePrompt(rendering, Number.MAX_SAFE_INTEGER, parts);
  if (whole.kind === 'encoded') return { kind: 'encoded', tokens: truncated(whole.tokens, truncation) };
  return yield* refused(shortfall('templateUnsupported', 'cutting a prompt with a word so long'), parts);
}

function* encodeJson(
  { body, addSpecialTokens }: Extract<EncodeTask, { kind: 'json' }>,
  tokensMax: number,
  parts: EncodingParts,
): Steps<Encoded> {
  const text = yield* readJsonText(body, unitsMax(tokensMax, parts.loaded));
  return text === null ? { kind: 'over' } : yield* encodeText(text, addSpecialTokens, tokensMax, parts);
}

function* encodePrompt(
  { text, addsSpecialTokens }: RenderedPrompt,
  tokensMax: number,
  parts: EncodingParts,
): Steps<Encoded> {
  if (addsSpecialTokens) return yield* encodeText(text, true, tokensMax, parts);
  if (isCertainlyOver(text, tokensMax, parts.loaded)) return { kind: 'over' };
  const ids = new IdCollector(tokensMax);
  const end = yield* parts.encoder.encode(text, { ids, stretchUnitsMax: parts.stretchUnitsMax });
  return encoded(end, ids, { text, addSpecialTokens: false });
}

function truncated(
  ids: Uint32Array<ArrayBuffer>,
  { tokens, keeps }: NonNullable<RenderedPrompt['truncation']>,
): Uint32Array<ArrayBuffer> {
  if (ids.length <= tokens) return ids;
  return keeps === 'first' ? ids.slice(0, tokens) : ids.slice(ids.length - tokens);
}

/** With the ids of what is known of the prompt; none when even that is too much for one step. */
function* refused(
  { why, reason, beginning }: Shortfall,
  { encoder, stretchUnitsMax }: EncodingParts,
): Steps<Encoded> {
  const ids = new IdCollector(Number.MAX_SAFE_INTEGER);
  const end = yield* encoder.encode(encoder.upToLastBorder(beginning), { ids, stretchUnitsMax });
  return { kind: 'refused', why, reason, beginning: end === 'done' ? ids.join() : new Uint32Array(0) };
}

function* encodeText(
  text: string,
  addSpecialTokens: boolean,
  tokensMax: number,
  { loaded, stretchUnitsMax }: EncodingParts,
): Steps<Encoded> {
  if (isCertainlyOver(text, tokensMax, loaded)) return { kind: 'over' };
  const ids = new IdCollector(tokensMax);
  const options = { ids, stretchUnitsMax };
  const end = addSpecialTokens
    ? yield* encodeFramed(loaded, text, options)
    : yield* encodeSlices(loaded, text, options);
  return encoded(end, ids, { text, addSpecialTokens });
}

function* encodeFramed(loaded: LoadedTokenizer, text: string, options: SliceOptions): Steps<EncodingEnd> {
  const { tokenizer, framing } = loaded;
  const { ids, stretchUnitsMax } = options;
  if (text.length <= SLICE_UNITS || framing === null) {
    if (text.length > Math.max(SLICE_UNITS, stretchUnitsMax)) return 'unsliceable';
    ids.add(tokenizer.encode(text, { add_special_tokens: true }).ids);
    yield text.length;
    return ids.isOver ? 'over' : 'done';
  }
  ids.add(framing.before);
  const end = yield* encodeSlices(loaded, text, options);
  ids.add(framing.after);
  return end === 'done' && ids.isOver ? 'over' : end;
}

function encoded(
  end: EncodingEnd,
  ids: IdCollector,
  source: { readonly text: string; readonly addSpecialTokens: boolean },
): Encoded {
  switch (end) {
    case 'done':
      return { kind: 'encoded', tokens: ids.join() };
    case 'over':
      return { kind: 'over' };
    case 'unsliceable':
      return { kind: 'unsliceable', ...source };
  }
}

/** Told from its length alone. */
function isCertainlyOver(text: string, tokensMax: number, loaded: LoadedTokenizer): boolean {
  return text.length > unitsMax(tokensMax, loaded);
}

/** Longest text that may have so few tokens, in UTF-16 units. */
function unitsMax(tokensMax: number, { unitsPerTokenMax }: LoadedTokenizer): number {
  return unitsPerTokenMax === null ? Infinity : tokensMax * unitsPerTokenMax;
}
