import { isDict, UnsupportedError } from '@kvasir/python-values';
import type { Dict, Key, List, Value } from '@kvasir/python-values';
import { invalid } from './members.js';

/** A part of a content, for either kind of template. */
export interface ReadPart {
  /** Null: nothing of it is in the text. */
  readonly text: string | null;
  readonly inParts: Dict;
}

const MEDIA: ReadonlyMap<string, string> = new Map([
  ['image_url', 'image'],
  ['input_image', 'image'],
  ['image_embeds', 'image'],
  ['audio_url', 'audio'],
  ['input_audio', 'audio'],
  ['audio_embeds', 'audio'],
  ['video_url', 'video'],
  ['video_embeds', 'video'],
]);
/** Members that vLLM's models of parts have; others are handed on to the template. */
const KNOWN = new Set<Key>([
  ...[
    'audio_embeds',
    'audio_url',
    'closed',
    'data',
    'file',
    'image_embeds',
    'image_pil',
    'image_url',
    'input_audio',
  ],
  ...[
    'name',
    'prompt_cache_breakpoint',
    'refusal',
    'text',
    'thinking',
    'type',
    'uuid',
    'video_embeds',
    'video_url',
  ],
]);

function modalityOf(part: Dict): string | null {
  const type = part.get('type') ?? null;
  if (typeof type === 'string' && MEDIA.has(type)) return MEDIA.get(type) ?? null;
  const member = type === null ? [...MEDIA.keys()].find((name) => part.has(name)) : undefined;
  return member === undefined ? null : (MEDIA.get(member) ?? null);
}

export function isMedia(part: Value): boolean {
  return isDict(part) && modalityOf(part) !== null;
}

/** Null when vLLM skips the part. @throws RequestInvalidError, UnsupportedError */
export function readPart(part: Value): ReadPart | null {
  if (typeof part === 'string') return textPart(part, new Map<Key, Value>());
  if (!isDict(part)) throw invalid('messages.content', 'an array of strings and objects');
  const modality = modalityOf(part);
  if (modality !== null)
    return { text: null, inParts: new Map<Key, Value>([['type', modality], ...othersOf(part)]) };
  if ((part.get('uuid') ?? null) !== null)
    throw invalid('messages.content', 'without uuid where there is no media');
  switch (part.get('type')) {
    case 'text':
      return part.get('text') === null ? null : textPart(part.get('text'), part);
    case 'refusal':
      return textPart(part.get('refusal'), part);
    case 'thinking':
      return textPart(part.get('thinking'), part);
    case 'tool_reference': {
      const name = part.get('name') ?? null;
      const text = typeof name === 'string' ? name : null;
      return {
        text,
        inParts: new Map<Key, Value>([
          ['type', 'tool_reference'],
          ['name', name],
        ]),
      };
    }
    default:
      throw new UnsupportedError('a content part of another type');
  }
}

function textPart(text: Value, part: Dict): ReadPart {
  if (typeof text !== 'string') throw invalid('messages.content', 'parts with a text');
  return { text, inParts: new Map<Key, Value>([['type', 'text'], ['text', text], ...othersOf(part)]) };
}

function othersOf(part: Dict): readonly (readonly [Key, Value])[] {
  return [...part].filter(([name]) => !KNOWN.has(name));
}

/** A line that changes with every request of Claude Code and would keep prompts apart from the first block on. */
const BILLING_HEADER = 'x-anthropic-billing-header';

/** Parts of a system message without that line; a part with nothing else is left out. */
export function withoutBillingHeader(parts: List): List {
  return parts.flatMap((part) => {
    const text =
      typeof part === 'string' ? part : isDict(part) && part.get('type') === 'text' ? part.get('text') : null;
    if (typeof text !== 'string' || !text.startsWith(BILLING_HEADER)) return [part];
    const lineEnd = text.indexOf('\n');
    const rest = lineEnd < 0 ? '' : text.slice(lineEnd + 1);
    if (rest === '') return [];
    return [isDict(part) ? new Map<Key, Value>([...part, ['text', rest]]) : rest];
  });
}
