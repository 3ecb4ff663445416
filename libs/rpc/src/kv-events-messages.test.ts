import { describe, expect, it } from 'vitest';
import { decodeKvEvent } from './kv-events-messages.js';

describe('decodeKvEvent()', () => {
  it('trap: takes a block whose media are named one by one, a hundred thousand times', () => {
    const media = Array.from({ length: 100_000 }, (_, item) => ({
      blockIndex: 0,
      identifiers: [`image-${item}`],
    }));
    const stored = {
      ...{ blockHashes: Buffer.alloc(8, 1), parentBlockHash: Buffer.alloc(0), tokenIds: Buffer.alloc(8) },
      ...{ blockSize: 2, loraName: '', cacheSalt: '', media },
    };
    const event = decodeKvEvent({ message: 'stored', stored });
    expect(event.kind === 'stored' ? event.media?.get(0)?.length : null).toBe(100_000);
  });
});
