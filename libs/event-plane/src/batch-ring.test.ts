import { describe, expect, it } from 'vitest';
import { BatchRing } from './batch-ring.js';

const payload = (batchNumber: number): Uint8Array => Uint8Array.of(batchNumber);

describe('BatchRing', () => {
  it('from() gives the kept batches from a number on', () => {
    const ring = new BatchRing(4);
    expect(ring.from(1)).toEqual([]);
    for (let batchNumber = 1; batchNumber <= 6; batchNumber += 1) ring.push(payload(batchNumber));
    expect(ring.newestNumber).toBe(6);
    expect(ring.from(3)?.map(([byte]) => byte)).toEqual([3, 4, 5, 6]);
    expect(ring.from(6)?.map(([byte]) => byte)).toEqual([6]);
    expect(ring.from(7)).toEqual([]);
  });

  it('from() is null for a batch that has left, and for one of the future', () => {
    const ring = new BatchRing(4);
    for (let batchNumber = 1; batchNumber <= 6; batchNumber += 1) ring.push(payload(batchNumber));
    expect(ring.from(2)).toBeNull();
    expect(ring.from(8)).toBeNull();
    expect(ring.from(0)).toBeNull();
  });
});
