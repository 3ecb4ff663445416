import { describe, expect, it } from 'vitest';
import { EngineEvents } from './engine-events.js';
import { EventQueue } from './event-queue.js';

function receive(...events: readonly string[]) {
  const queue = new EventQueue();
  const flow: string[] = [];
  const received = new EngineEvents(queue, {
    pause: () => flow.push('pause'),
    resume: () => flow.push('resume'),
  });
  for (const event of events) received.data(Buffer.from(`data: ${event}\n\n`));
  queue.end();
  return { received, queue, flow };
}

async function passedOn(queue: EventQueue): Promise<string[]> {
  const all: string[] = [];
  for await (const json of queue.read()) all.push(json.toString());
  return all;
}

const text = '{"choices":[{"text":"hi","finish_reason":null}]}';

describe('EngineEvents', () => {
  it('counts tokens and finds a whole stream whole', async () => {
    const { received, queue } = receive('{"choices":[{"text":""}]}', text, text, '[DONE]');
    expect(received.hasFirstToken).toBe(true);
    expect(received.tokenEvents).toBe(2);
    expect(received.failure()).toBeNull();
    expect(await passedOn(queue)).toEqual(['{"choices":[{"text":""}]}', text, text]);
  });

  it('calls a stream without an end incomplete, but not one that has finished', () => {
    expect(receive(text).received.failure()?.failure).toMatchObject({
      code: 'ENGINE_INCOMPLETE',
      outcome: 'workerFault',
    });
    expect(receive().received.failure()?.failure.code).toBe('ENGINE_INCOMPLETE');
    expect(receive('{"choices":[{"text":"x","finish_reason":"stop"}]}').received.failure()).toBeNull();
  });

  it.each([
    [
      '{"error":{"message":"out of blocks","code":500}}',
      'ENGINE_ERROR_STATUS',
      'workerFault',
      'out of blocks',
    ],
    ['{"error":{"message":"too long","code":400}}', 'ENGINE_REFUSED', 'clientFault', 'too long'],
    ['{"object":"error","message":"busy","code":429}', 'ENGINE_OVERLOADED', 'overload', 'busy'],
    ['{"error":{"message":"odd","code":"x"}}', 'ENGINE_ERROR_STATUS', 'workerFault', 'odd'],
    ['{"error":', 'ENGINE_ERROR_STATUS', 'workerFault', '{"error":'],
  ])('turns the event %s into %s', async (event, code, outcome, message) => {
    const { received, queue } = receive(text, event, text, '[DONE]');
    expect(received.failure()).toMatchObject({ message, failure: { code, outcome } });
    // Neither the error nor what follows it is passed on.
    expect(await passedOn(queue)).toEqual([text]);
  });

  it('takes an error that is null for none', async () => {
    const { received, queue } = receive('{"error":null,"choices":[]}', text, '[DONE]');
    expect(received.failure()).toBeNull();
    expect(await passedOn(queue)).toHaveLength(2);
  });

  it('pauses the engine while nobody reads', () => {
    const { flow } = receive(`{"x":"${'y'.repeat(1_000_000)}"}`, `{"x":"${'y'.repeat(100_000)}"}`);
    expect(flow).toEqual(['pause']);
  });
});
