import { describe, expect, it } from 'vitest';
import { BatchSequence } from './batch-sequence.js';

describe('BatchSequence', () => {
  it('takes a live message that a replay has brought already for old, not for a restart', () => {
    const sequence = new BatchSequence();
    expect([0, 1, 2].map((number) => sequence.replayed(number).kind)).toEqual([
      'deliver',
      'deliver',
      'deliver',
    ]);
    expect(sequence.live(2)).toEqual({ kind: 'old' });
    expect(sequence.live(3)).toEqual({ kind: 'deliver' });
  });

  it('knows a restart by a live number that does not grow, and a gap by one that leaps', () => {
    const sequence = new BatchSequence();
    expect(sequence.live(0)).toEqual({ kind: 'deliver' });
    expect(sequence.live(5)).toEqual({ kind: 'gap', from: 1 });
    expect(sequence.live(0)).toEqual({ kind: 'restarted' });
    sequence.beginAnew();
    expect(sequence.live(0)).toEqual({ kind: 'deliver' });
  });
});
