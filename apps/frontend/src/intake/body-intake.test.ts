import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { VirtualClock } from '@kvasir/testkit';
import { describe, expect, it } from 'vitest';
import { BodyIntake } from './body-intake.js';
import type { BodyLimits } from './body-intake.js';
import type { BodyReading } from './arriving-body.js';
import { ByteLedger } from './byte-ledger.js';

const LIMITS: BodyLimits = { bodyBytesMax: 1_000, rateFloorBytesPerS: 100, graceMs: 2_000 };

function scene(limits: Partial<BodyLimits> = {}, bytes = { bytesMax: 5_000, clientBytesMax: 3_000 }) {
  const clock = new VirtualClock();
  const ledger = new ByteLedger(bytes);
  const intake = new BodyIntake({ ...LIMITS, ...limits }, ledger, clock);
  const send = (client = 'a') => {
    const request = new IncomingMessage(new Socket());
    const account = ledger.open(client);
    const leaving = new AbortController();
    let ended: BodyReading | null = null;
    void intake.read(request, account, leaving.signal).then((reading) => (ended = reading));
    return {
      account,
      leave: () => leaving.abort(),
      push: async (part: string | null) => {
        request.push(part === null ? null : Buffer.from(part));
        await new Promise((resolve) => setImmediate(resolve));
      },
      ended: () => ended,
    };
  };
  return { clock, ledger, intake, send };
}

describe('BodyIntake', () => {
  it('joins what came, however it was cut', async () => {
    const { send, ledger, intake } = scene(
      { bodyBytesMax: 20_000 },
      { bytesMax: 20_000, clientBytesMax: 20_000 },
    );
    const body = send();
    const parts = ['ab', 'c'.repeat(5_000), ...new Array<string>(700).fill('d'), 'e'.repeat(4_096), 'f'];
    for (const part of parts) await body.push(part);
    expect(intake.arrivingCount).toBe(1);
    await body.push(null);
    const reading = body.ended();
    expect(reading?.kind === 'ok' ? Buffer.concat(reading.parts).toString() : reading).toBe(parts.join(''));
    expect([intake.arrivingCount, ledger.bytes]).toEqual([0, parts.join('').length]);
    body.account.release();
    expect(ledger.bytes).toBe(0);
  });

  it('counts bytes from the first on and gives back those of a body that is too large', async () => {
    const { send, ledger } = scene();
    const body = send();
    await body.push('x'.repeat(900));
    expect(ledger.bytes).toBe(900);
    await body.push('x'.repeat(101));
    expect([ledger.bytes, body.ended()]).toEqual([0, null]);
    await body.push('x'.repeat(50_000));
    await body.push(null);
    expect(body.ended()).toEqual({ kind: 'tooLarge' });
  });

  it('refuses the body that finds no room, of the client or of all, and takes the others', async () => {
    const { send, ledger } = scene({}, { bytesMax: 2_000, clientBytesMax: 1_000 });
    const bodies = [send('a'), send('a'), send('b'), send('c')];
    for (const body of bodies) await body.push('x'.repeat(600));
    for (const body of bodies) await body.push(null);
    expect(bodies.map((body) => body.ended()?.kind)).toEqual(['ok', 'noRoom', 'ok', 'ok']);
    expect(bodies[1]?.ended()).toEqual({ kind: 'noRoom', of: 'client' });
    const late = send('d');
    await late.push('x'.repeat(201));
    await late.push(null);
    expect(late.ended()).toEqual({ kind: 'noRoom', of: 'all' });
    expect(ledger.bytes).toBe(1_800);
  });

  it('gives up who sends slower than the floor, and nobody else', async () => {
    const { send, clock, ledger, intake } = scene();
    const [silent, slow, fast] = [send(), send(), send()];
    for (let second = 0; second < 6; second += 1) {
      await slow.push('x'.repeat(40));
      await fast.push('x'.repeat(110));
      clock.advance(1_000);
      if (second === 1) expect(silent.ended()).toBeNull();
    }
    expect([silent.ended(), slow.ended(), fast.ended()]).toEqual([
      { kind: 'tooSlow' },
      { kind: 'tooSlow' },
      null,
    ]);
    expect([ledger.bytes, intake.arrivingCount]).toEqual([660, 1]);
    await fast.push(null);
    expect(fast.ended()?.kind).toBe('ok');
  });

  it('waits for ever without a floor, but not longer than the request', async () => {
    const { send, clock, ledger } = scene({ rateFloorBytesPerS: 0 });
    const body = send();
    await body.push('x');
    clock.advance(3_600_000);
    expect(body.ended()).toBeNull();
    body.leave();
    await Promise.resolve();
    expect([body.ended(), ledger.bytes]).toEqual([{ kind: 'left' }, 0]);
  });
});
