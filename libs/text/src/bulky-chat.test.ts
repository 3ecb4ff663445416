import { describe, expect, it } from 'vitest';
import { CHAT_BYTES_MAX, CHAT_OBJECTS_MAX, isBulkyChat } from './bulky-chat.js';

const chat = (messages: readonly object[]): Buffer => Buffer.from(JSON.stringify({ messages }, null, 1));

describe('isBulkyChat()', () => {
  it.each([
    ['a long text', chat([{ role: 'user', content: 'word '.repeat(200_000) }]), false],
    ['a text of code', chat([{ role: 'user', content: 'if (x) { y("{"); } '.repeat(5_000) }]), false],
    ['many messages', chat(new Array<object>(CHAT_OBJECTS_MAX - 1).fill({ role: 'user' })), false],
    ['too many messages', chat(new Array<object>(CHAT_OBJECTS_MAX).fill({ role: 'user' })), true],
    ['too many braces', chat([{ content: '{'.repeat(20_000) }]), true],
    ['too long a text', chat([{ content: 'x'.repeat(CHAT_BYTES_MAX) }]), true],
    ['nothing', Buffer.alloc(0), false],
    ['an end behind a brace', Buffer.from('{  '), false],
  ])('tells %s', (_what, body, isBulky) => {
    expect(isBulkyChat(body)).toBe(isBulky);
  });
});
