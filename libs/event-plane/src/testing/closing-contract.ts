import { describe, expect, it, vi } from 'vitest';
import { bytes, collect, expectCode, read } from './plane-probe.js';
import type { PlanesUnderTest } from './harness.js';

/** Tests of `close`. */
export function closingContract(get: () => PlanesUnderTest): void {
  describe('close()', () => {
    it('ends deliveries and makes every further use throw', async () => {
      const { publisher: plane } = get();
      const { received } = await collect(plane, 'a');
      expect(plane.health()).toEqual({ kind: 'connected' });
      await plane.close();
      await plane.close();
      expect(plane.health()).toMatchObject({ kind: 'disconnected' });
      const closed = expect.objectContaining({ code: 'EVENT_PLANE_CLOSED' }) as Error;
      expect(() => plane.publish('a', bytes('x'))).toThrow(closed);
      expect(() => plane.subscribe('a', () => undefined)).toThrow(closed);
      expect(() =>
        plane.serve('a', async function* () {
          await Promise.resolve();
          yield bytes('x');
        }),
      ).toThrow(closed);
      await expectCode(read(plane.request('a', bytes(''), 1_000)), 'EVENT_PLANE_CLOSED');
      await plane.flush();
      expect(received).toEqual([]);
    });

    it('fails requests that are waiting', async () => {
      const { publisher: plane } = get();
      let calls = 0;
      plane.serve('silent', () => ({
        [Symbol.asyncIterator]: () => ({
          next: () => {
            calls += 1;
            return new Promise<IteratorResult<Uint8Array>>(() => undefined);
          },
        }),
      }));
      await plane.flush();
      const failing = expectCode(read(plane.request('silent', bytes(''), 60_000)), 'EVENT_PLANE_CLOSED');
      await vi.waitFor(() => expect(calls).toBe(1));
      await plane.close();
      await failing;
    });
  });
}
