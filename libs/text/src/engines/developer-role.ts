import { isDict, isList } from '@kvasir/python-values';
import type { Value } from '@kvasir/python-values';
import type { TemplateMessage } from './chat-request.js';

/** For templates that do not know developer messages: these become system messages, and all system messages one at the front. */
export function withoutDeveloperRole(
  messages: readonly TemplateMessage[],
  templateSource: string,
): readonly TemplateMessage[] {
  const isKnown = templateSource.includes('"developer"') || templateSource.includes("'developer'");
  if (isKnown || !messages.some((message) => message.get('role') === 'developer')) return messages;
  return consolidated(messages.map(asSystem));
}

function asSystem(message: TemplateMessage): TemplateMessage {
  if (message.get('role') !== 'developer') return message;
  const system = new Map(message).set('role', 'system');
  system.delete('tools');
  return system;
}

function consolidated(messages: readonly TemplateMessage[]): readonly TemplateMessage[] {
  const system = messages.filter((message) => message.get('role') === 'system');
  const isInPlace = messages.every((message, index) => message.get('role') !== 'system' || index === 0);
  if (isInPlace) return messages;
  const contents = system.map((message) => textOf(message.get('content'))).filter((text) => text !== '');
  const merged = new Map<string, Value>([
    ['role', 'system'],
    ['content', contents.join('\n\n')],
  ]);
  return [merged, ...messages.filter((message) => message.get('role') !== 'system')];
}

function textOf(content: Value): string {
  if (typeof content === 'string') return content;
  if (!isList(content)) return '';
  return content
    .flatMap((part) =>
      isDict(part) && typeof part.get('text') === 'string' ? [part.get('text') as string] : [],
    )
    .join('\n');
}
