import { isDict, isList, isSpace, stripEnd, stripsOf, stripStart } from '@kvasir/python-values';
import type { Key, Value } from '@kvasir/python-values';
import { RequestInvalidError } from '../engines/chat-request.js';
import type { TemplateMessage } from '../engines/chat-request.js';

const TAG = 'CONTINUE_FINAL_MESSAGE_TAG ';
const BARE_TAG = TAG.trimEnd();

/** A conversation whose last message goes on: the text is cut where a tag behind that message comes out, as `transformers` does it. */
export interface Continuation {
  readonly messages: readonly TemplateMessage[];
  /** @throws RequestInvalidError when the template leaves the message or the tag out. */
  readonly cut: (rendered: string) => string;
}

/** @throws RequestInvalidError when there is nothing to go on with. */
export function continueFinalMessage(
  messages: readonly TemplateMessage[],
  templateSource: string,
): Continuation {
  const last = messages.at(-1);
  const content = last?.get('content') ?? null;
  if (last === undefined || content === null || !templateSource.includes('content')) {
    throw new RequestInvalidError('There is no final message that the template could continue');
  }
  const tagged = tag(content);
  return {
    messages: [...messages.slice(0, -1), new Map(last).set('content', tagged.content)],
    cut: (rendered) => cut(rendered, tagged.text),
  };
}

function tag(content: Value): { readonly content: Value; readonly text: string } {
  if (typeof content === 'string') return { content: content + TAG, text: content };
  const parts = isList(content) ? content : [];
  const at = parts.findLastIndex((part) => isDict(part) && part.has('text'));
  const part = parts[at];
  const text = isDict(part) ? part.get('text') : undefined;
  if (!isDict(part) || typeof text !== 'string') {
    throw new RequestInvalidError('There is no text to continue in the final message');
  }
  return { content: parts.with(at, new Map<Key, Value>(part).set('text', text + TAG)), text };
}

function cut(rendered: string, finalText: string): string {
  const strips = stripsOf(null);
  const wanted = stripStart(stripEnd(finalText, strips), strips);
  const at = rendered.lastIndexOf(BARE_TAG);
  if (at < 0 || !rendered.includes(wanted)) {
    throw new RequestInvalidError('The template leaves the final message out that is to be continued');
  }
  const before = rendered.slice(0, at);
  // Without its space the template has trimmed the message: what it would have trimmed goes too.
  return rendered.startsWith(TAG, at) ? before : stripEnd(before, isSpace);
}
