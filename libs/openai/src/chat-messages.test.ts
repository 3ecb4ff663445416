import { describe, expect, it } from 'vitest';
import { readChatMessages } from './chat-messages.js';

const read = (messages: unknown) => readChatMessages(Buffer.from(JSON.stringify(messages)));

describe('readChatMessages()', () => {
  it('takes content in parts and the absent content of a tool call', () => {
    const messages = [
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      { role: 'assistant', content: null, tool_calls: [] },
      { role: 'tool', tool_call_id: '1', content: 'x' },
    ];
    expect(read(messages)).toEqual({ kind: 'ok', messages });
  });

  it.each([
    [['Hi'], 'invalid_type', 'messages[0]', /must be an object/],
    [[{ role: 'a' }, { content: 'x' }], 'missing_required_parameter', 'messages[1].role', /is required/],
    [[{ role: 5 }], 'invalid_type', 'messages[0].role', /received a number/],
    [[{ role: 'user', content: 5 }], 'invalid_type', 'messages[0].content', /parts/],
    [[{ role: 'user', content: [5] }], 'invalid_type', 'messages[0].content[0]', /content part/],
  ])('refuses %j', (messages, code, param, message) => {
    const reading = read(messages);
    if (reading.kind !== 'invalid') throw new TypeError('it was taken');
    expect(reading.error).toMatchObject({ status: 400, code, param });
    expect(reading.error.message).toMatch(message);
  });
});
