import { createSecretKey } from 'node:crypto';
import { MessageSeal, SEAL_BYTES, subjects } from '@kvasir/contract';
import { VirtualClock } from '@kvasir/testkit';
import { workerId } from '@kvasir/units';
import { beforeEach, describe, expect, it } from 'vitest';
import type { LogMessage } from './event-log.js';
import type { EventPlane, PlaneMessage, PlaneTrouble } from './event-plane.js';
import { InProcessEventPlane } from './in-process-event-plane.js';
import { SealedEventPlane, type LoggedEventPlane } from './sealed-event-plane.js';
import { bytes, expectCode, read, text } from './testing/plane-probe.js';
import { eventPlaneContract } from './testing/index.js';

const endpoint = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };
const KV = subjects.kvEvents(endpoint, workerId('w'), 0);
const LOADS = subjects.engineLoads(endpoint, workerId('w'));
const keyOf = (fill: number): MessageSeal => {
  const key = createSecretKey(Buffer.alloc(32, fill));
  return new MessageSeal(() => [key]);
};
const [secret, foreign] = [keyOf(1), keyOf(2)];

/** A plane with a log that delivers what it is given. */
function logged(plane: EventPlane, kept: readonly LogMessage[] = []): LoggedEventPlane {
  const openLog: LoggedEventPlane['openLog'] = () =>
    Promise.resolve({
      follow: (_after, deliver) => {
        for (const message of kept) deliver(message);
        return { pendingMessages: 0, droppedMessages: 0, unsubscribe: () => undefined };
      },
      state: () => Promise.resolve({ logId: 'l', lastSequence: kept.length, messageCount: kept.length }),
      trim: () => Promise.resolve(),
    });
  return new Proxy(plane as LoggedEventPlane, {
    get: (target, name) => {
      if (name === 'openLog') return openLog;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}

eventPlaneContract('SealedEventPlane', () => {
  const clock = new VirtualClock();
  const troubled: ((trouble: PlaneTrouble) => void)[] = [];
  const inner = new InProcessEventPlane({
    clock,
    onTrouble: (trouble) => troubled.forEach((report) => report(trouble)),
  });
  const sealed = (): SealedEventPlane =>
    new SealedEventPlane(logged(inner), {
      seal: secret,
      believesUnsealed: false,
      epochMs: () => 1_000,
      onRefused: () => undefined,
    });
  return Promise.resolve({
    connect: (onTrouble) => {
      if (onTrouble !== undefined) troubled.push(onTrouble);
      return Promise.resolve(sealed());
    },
    advance: (durationMs) => clock.advanceAsync(durationMs),
    close: () => inner.close(),
  });
});

describe('SealedEventPlane', () => {
  let inner: InProcessEventPlane;
  let epochMs: number;
  let refused: string[];
  const connect = (seal: MessageSeal | null, believesUnsealed = false): SealedEventPlane =>
    new SealedEventPlane(logged(inner), {
      seal,
      believesUnsealed,
      epochMs: () => epochMs,
      onRefused: (subject, fault) => refused.push(`${fault} ${subject === KV ? 'kv' : 'other'}`),
    });
  beforeEach(() => {
    inner = new InProcessEventPlane({ clock: new VirtualClock() });
    epochMs = 1_700_000_000_000;
    refused = [];
  });
  const received = (plane: EventPlane): string[] => {
    const texts: string[] = [];
    plane.subscribe('>', ({ payload }) => texts.push(text(payload)));
    return texts;
  };
  const recorded = (): PlaneMessage[] => {
    const messages: PlaneMessage[] = [];
    inner.subscribe('>', (message) => messages.push(message));
    return messages;
  };

  it('delivers what was sealed with the same secret, and nothing else', async () => {
    const texts = received(connect(secret));
    connect(secret).publish(KV, bytes('ours'));
    connect(foreign).publish(KV, bytes('of another fleet'));
    inner.publish(KV, bytes('a stranger'));
    inner.publish(KV, new Uint8Array(0));
    await inner.flush();
    expect(texts).toEqual(['ours']);
    expect(refused).toEqual(['wrong kv', 'missing kv', 'missing kv']);
  });

  it('does not deliver a message elsewhere than where it was sent', async () => {
    const messages = recorded();
    const texts = received(connect(secret));
    connect(secret).publish(LOADS, bytes('load'));
    await inner.flush();
    inner.publish(subjects.engineLoads(endpoint, workerId('another')), messages[0]?.payload ?? bytes(''));
    await inner.flush();
    expect(texts).toEqual(['load']);
    expect(refused).toEqual(['wrong other']);
  });

  it('does not deliver what was recorded long ago, but for KV events, whose numbers make it harmless', async () => {
    const messages = recorded();
    const sender = connect(secret);
    sender.publish(LOADS, bytes('load'));
    sender.publish(KV, bytes('events'));
    await inner.flush();
    const texts = received(connect(secret));
    epochMs += 61_000;
    for (const { subject, payload } of messages.slice(0, 2)) inner.publish(subject, payload);
    await inner.flush();
    expect(texts).toEqual(['events']);
    expect(refused).toEqual(['stale other']);
  });

  it('opens what a log has kept, and skips what it does not believe', async () => {
    const messages = recorded();
    connect(secret).publish(KV, bytes('kept'));
    await inner.flush();
    const kept = [{ subject: KV, payload: bytes('forged') }, ...messages].map((message, index) => ({
      ...message,
      sequence: index + 1,
    }));
    const plane = new SealedEventPlane(logged(inner, kept), {
      seal: secret,
      believesUnsealed: false,
      epochMs: () => epochMs + 3_600_000,
      onRefused: () => undefined,
    });
    const texts: string[] = [];
    const log = await plane.openLog('l', '>');
    log.follow(0, ({ payload, sequence }) => texts.push(`${sequence} ${text(payload)}`));
    expect(texts).toEqual(['2 kept']);
    expect(await log.state()).toMatchObject({ messageCount: 2 });
  });

  describe('requests', () => {
    async function* answer(request: Uint8Array): AsyncGenerator<Uint8Array> {
      await Promise.resolve();
      yield bytes(`to ${text(request)}`);
      yield bytes('more');
    }

    it('are answered to who has the secret only', async () => {
      connect(secret).serve('s', answer);
      expect(await read(connect(secret).request('s', bytes('me'), 1_000))).toEqual(['to me', 'more']);
      await expectCode(read(connect(foreign).request('s', bytes('me'), 1_000)), 'EVENT_PLANE_SERVER_FAILED');
      await expectCode(read(inner.request('s', bytes('me'), 1_000)), 'EVENT_PLANE_SERVER_FAILED');
      expect(refused).toEqual(['wrong other', 'missing other']);
    });

    it('do not believe another server, nor the answer to another question', async () => {
      let recordedAnswer: Uint8Array[] = [];
      const honest = connect(secret).serve('s', answer);
      const question = secret.seal('ask s', bytes('me'), epochMs - 1);
      recordedAnswer = [];
      for await (const chunk of inner.request('s', question, 1_000)) recordedAnswer.push(chunk);
      expect(recordedAnswer).toHaveLength(2);
      honest.unsubscribe();
      for (const chunks of [[bytes('forged')], recordedAnswer, recordedAnswer.toReversed()]) {
        const forger = inner.serve('s', async function* () {
          await Promise.resolve();
          yield* chunks;
        });
        await expectCode(read(connect(secret).request('s', bytes('me'), 1_000)), 'EVENT_PLANE_SERVER_FAILED');
        forger.unsubscribe();
      }
    });
  });

  describe('while a secret is being introduced', () => {
    it('those without one read what those with one send', async () => {
      const texts = received(connect(null));
      connect(secret).publish(KV, bytes('sealed'));
      connect(null).publish(KV, bytes('not sealed'));
      await inner.flush();
      expect(texts).toEqual(['sealed', 'not sealed']);
    });

    it('those that believe the unsealed read both, count it, and still refuse what is wrong', async () => {
      const texts = received(connect(secret, true));
      connect(null).publish(KV, bytes('not sealed'));
      connect(foreign).publish(KV, bytes('wrong'));
      await inner.flush();
      expect(texts).toEqual(['not sealed']);
      expect(refused).toEqual(['missing kv', 'wrong kv']);
    });

    it.each([
      ['without', 'with', null, secret],
      ['with', 'without', secret, null],
    ] as const)('one %s asks one %s', async (_asker, _server, askerSeal, serverSeal) => {
      const serving = connect(serverSeal, true).serve('s', async function* (request) {
        await Promise.resolve();
        yield request;
      });
      expect(await read(connect(askerSeal, true).request('s', bytes('me'), 1_000))).toEqual(['me']);
      serving.unsubscribe();
    });
  });

  it('leaves room for its seal', () => {
    expect(connect(secret).payloadBytesMax).toBe(inner.payloadBytesMax - SEAL_BYTES);
  });
});
